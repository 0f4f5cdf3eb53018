"""Portuguese: its severe phrases, and how people ask. No scorer knows it."""

from handlers.rules.kinds import Kind
from handlers.rules.languages import Language

LANGUAGE = Language(
    name="Portuguese",
    code="pt",
    phrases={
        Kind.SAFETY: """
            explodiu, pegou fogo, em chamas, no hospital, ao hospital, choque elétrico, reação alérgica,
            intoxicação alimentar, queimaduras, é perigoso, ferido""",
        Kind.FRAUD: """
            é golpe, golpistas, burlões, me roubaram, ladrões, cobrado duas vezes, cobraram duas vezes,
            cobrança indevida, uma burla""",
        Kind.LEGAL: """
            advogado, advogados, vou processar, no tribunal, no procon, livro de reclamações""",
        Kind.PRIVACY: """
            vazamento de dados, meus dados pessoais, conta hackeada, conta invadida, LGPD""",
        Kind.LEAVING: """
            nunca mais, vou cancelar, quero cancelar, mudar de operadora, não recomendo""",
        Kind.FAILURE: """
            não funciona, parou de funcionar, quebrado, quebrada, quebrou, avariado, estorno, não chegou,
            ninguém responde, sem resposta""",
        Kind.ASK: """
            preciso de ajuda, me ajudem, podem me ajudar, podem ajudar, alguém sabe, alguém pode, como faço para,
            como posso, onde está meu, onde está minha, cadê meu, cadê minha, quando chega, por que não,
            aguardo resposta, aguardo retorno, gostaria de saber""",
    },
)
