"""Italian: its severe phrases, and how people ask. No scorer knows it."""

from handlers.rules.kinds import Kind
from handlers.rules.languages import Language

LANGUAGE = Language(
    name="Italian",
    code="it",
    phrases={
        Kind.SAFETY: """
            è esploso, è esplosa, ha preso fuoco, in fiamme, in ospedale, al pronto soccorso, scossa elettrica,
            reazione allergica, intossicazione alimentare, ustioni, ustionato, è pericoloso, ferito""",
        Kind.FRAUD: """
            truffa, truffato, truffatori, frode, ladri, addebitato due volte, addebito non autorizzato, rubato""",
        Kind.LEGAL: """
            avvocato, avvocati, vie legali, in tribunale, denuncio, vi denuncio, codacons""",
        Kind.PRIVACY: """
            fuga di dati, i miei dati personali, account hackerato""",
        Kind.LEAVING: """
            mai più, faccio disdetta, dare disdetta, disdico, cambio operatore, cambiare operatore, sconsiglio,
            non lo consiglio, statene alla larga""",
        Kind.FAILURE: """
            non funziona, rimborso, mai arrivato, non è arrivato, nessuna risposta, è rotto, si è rotto, si è rotta""",
        Kind.ASK: """
            ho bisogno di aiuto, aiutatemi, mi potete aiutare, potete aiutarmi, qualcuno sa, qualcuno può, come posso,
            come faccio a, dov'è il mio, dov'è la mia, quando arriva, perché non funziona, attendo risposta,
            aspetto una risposta, vorrei sapere""",
    },
)
