"""Dutch: its severe phrases, and how people ask. No scorer knows it."""

from handlers.rules.kinds import Kind
from handlers.rules.languages import Language

LANGUAGE = Language(
    name="Dutch",
    code="nl",
    phrases={
        Kind.SAFETY: """
            ontploft, ontplofte, vloog in brand, in brand gevlogen, in vlammen, naar het ziekenhuis, in het ziekenhuis,
            elektrische schok, allergische reactie, voedselvergiftiging, brandwonden, levensgevaarlijk, gewond""",
        Kind.FRAUD: """
            oplichting, oplichters, opgelicht, twee keer afgeschreven, dubbel afgeschreven, gestolen""",
        Kind.LEGAL: """
            advocaat, naar de rechter, rechtszaak, aangifte doen, aanklagen""",
        Kind.PRIVACY: """
            datalek, mijn persoonsgegevens, account gehackt""",
        Kind.LEAVING: """
            nooit meer, nooit weer, zeg mijn abonnement op, abonnement opzeggen, overstappen naar, stap over naar,
            niet aan te raden, blijf weg""",
        Kind.FAILURE: """
            kapot, werkt niet, doet het niet, terugbetaling, geld terug, niet geleverd, nooit aangekomen, geen antwoord,
            geen reactie""",
        Kind.ASK: """
            hulp nodig, kunnen jullie, kunt u mij, kan iemand, weet iemand, hoe kan ik, waar blijft, waar is mijn,
            wanneer komt, waarom werkt, graag antwoord, graag een reactie, wacht op antwoord, wil graag weten""",
    },
)
