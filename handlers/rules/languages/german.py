"""German: its severe phrases, and how people ask. No scorer knows it."""

from handlers.rules.kinds import Kind
from handlers.rules.languages import Language

LANGUAGE = Language(
    name="German",
    code="de",
    phrases={
        Kind.SAFETY: """
            explodiert, explodierte, Feuer gefangen, in Brand geraten, in Flammen, Stromschlag, ins Krankenhaus,
            im Krankenhaus, verletzt, verbrüht, allergische Reaktion, Lebensmittelvergiftung, Glassplitter,
            lebensgefährlich, Brandgefahr""",
        Kind.FRAUD: """
            Betrug, Betrüger, betrogen, Abzocke, abgezockt, doppelt abgebucht, zweimal abgebucht, gestohlen,
            unberechtigt abgebucht""",
        Kind.LEGAL: """
            Anwalt, Rechtsanwalt, Anwälte, verklagen, Klage einreichen, vor Gericht, Verbraucherzentrale,
            Verbraucherschutz, Strafanzeige""",
        Kind.PRIVACY: """
            Datenleck, Datenpanne, fremdes Konto, fremde Daten, Daten weitergegeben, DSGVO""",
        Kind.LEAVING: """
            nie wieder, nie mehr bei, nie mehr mit, wechsle den Anbieter, wechsle zu, habe gekündigt, werde kündigen,
            kündige mein, Finger weg""",
        Kind.FAILURE: """
            kaputt, defekt, funktioniert nicht, geht nicht mehr, Rückerstattung, Geld zurück, nicht angekommen,
            nie angekommen, keine Antwort, nicht geliefert, warte seit""",
        Kind.ASK: """
            bitte um Hilfe, bitte helft, bitte helfen, brauche Hilfe, könnt ihr mir, können Sie mir, kann mir jemand,
            weiß jemand, wann kommt, wann kann ich, wo bleibt, wie kann ich, wie lange dauert, warum geht, bitte melden,
            bitte um Rückmeldung, bitte um Antwort""",
    },
)
