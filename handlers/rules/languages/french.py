"""French: its severe phrases, and how people ask. No scorer knows it."""

from handlers.rules.kinds import Kind
from handlers.rules.languages import Language

LANGUAGE = Language(
    name="French",
    code="fr",
    phrases={
        Kind.SAFETY: """
            a explosé, ont explosé, vient d'exploser, a pris feu, en flammes, à l'hôpital, choc électrique, électrocuté,
            m'a brûlé, réaction allergique, intoxication alimentaire, morceau de verre, très dangereux, c'est dangereux,
            blessé""",
        Kind.FRAUD: """
            arnaque, arnaques, arnaqué, arnaqueurs, escroquerie, escrocs, fraude, débité deux fois, prélevé deux fois,
            volé mon""",
        Kind.LEGAL: """
            mon avocat, un avocat, porter plainte, plainte contre, au tribunal, en justice, mise en demeure""",
        Kind.PRIVACY: """
            fuite de données, mes données personnelles, compte piraté, RGPD""",
        Kind.LEAVING: """
            plus jamais, je résilie, vais résilier, résilié mon, changer de fournisseur, changer d'opérateur, à fuir,
            je déconseille, ne recommande pas""",
        Kind.FAILURE: """
            en panne, ne marche pas, ne fonctionne pas, ne marche plus, ne fonctionne plus, est cassé, est cassée,
            remboursement, remboursez, jamais reçu, pas reçu, pas arrivé, jamais arrivé, aucune réponse""",
        Kind.ASK: """
            besoin d'aide, aidez-moi, pouvez-vous, pourriez-vous, quelqu'un sait, quelqu'un peut, comment faire pour,
            comment puis-je, où est ma, où est mon, quand est-ce que, pourquoi est-ce que, j'attends une réponse,
            merci de répondre, merci de me""",
    },
)
