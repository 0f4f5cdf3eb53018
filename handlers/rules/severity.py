"""Phrases that must never be averaged away: what happened, in the customer's words, whatever the tone around them.

`find(text)` reads the first 2,000 characters once. A phrase counts as whole words, in any case, with or without accents
and apostrophes. Where phrases overlap the longest wins, so an idiom that stands in the table under INNOCENT or PRAISE
("food court", "stole the show") hides the word inside it. Single words stand here only when they say one thing; words
that say two ("fire", "bomb", "leak", "sue") need company. To add a phrase, put it into the table of its kind.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from operator import itemgetter

from ahocorasick_rs import AhoCorasick

from handlers.rules.text import ascii_words, normalise
from handlers.rules.vader import scored_part


class Kind(StrEnum):
    """What a phrase is evidence of."""

    SAFETY = "safety"
    FRAUD = "fraud"
    LEGAL = "legal"
    PRIVACY = "privacy"
    LEAVING = "threat to leave"
    FAILURE = "service failure"
    BUG = "bug"
    ASK = "asks for an answer"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    PROMOTION = "promotion"
    INNOCENT = "innocent"  # never reported; it only hides a shorter phrase


_INNOCENT = Kind.INNOCENT  # named once for each match, and an Enum looks each name up anew

POINTS = {
    Kind.SAFETY: 4,
    Kind.FRAUD: 3,
    Kind.LEGAL: 3,
    Kind.PRIVACY: 3,
    Kind.LEAVING: 2,
    Kind.FAILURE: 1,
    Kind.BUG: 1,
    Kind.ASK: 1,
    Kind.SUGGESTION: 1,
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase of the table (ours, so it is safe to show) that the text says, in the order of the text."""

    phrase: str
    kind: Kind
    points: int
    is_weak: bool = False  # standing alone among words of thanks or praise it is no evidence


_ENGLISH = {
    Kind.SAFETY: """
        exploded, explodes, exploding, an explosion, caught fire, catches fire, catching fire, caught on fire,
        set on fire, set fire to, burst into flames, went up in flames, in flames, literally on fire, phone on fire,
        phone is on fire, charger on fire, charger is on fire, battery on fire, laptop on fire, car on fire,
        engine on fire, kitchen on fire, house on fire, oven on fire, started smoking, smoke coming out,
        smoke came out, smoke pouring, full of smoke, filled with smoke, smelled smoke, smell of smoke, burning smell,
        smell of burning, smells of burning, smell of gas, gas leak, carbon monoxide, started sparking, sparks came,
        sparks coming, sparks flew out, burned me, burnt me, burned my hand, burnt my hand, burned my hands,
        burned my finger, burned my fingers, burnt my fingers, burned my leg, burned my arm, burned my face,
        burned my skin, burned my mouth, burned my son, burned my daughter, burned my baby, burned down, got burned by,
        burns on my, burns on her, burns on his, second degree burns, chemical burn, scalded, overheats, overheated,
        overheating, too hot to touch, the plug melted, charger melted, the cable melted, injured, injury, injuries,
        got hurt, was hurt, hurt my child, cut my finger, cut my hand, in hospital, in the hospital, to hospital,
        to the hospital, hospitalised, hospitalized, emergency room, an ambulance, the ambulance, electric shock,
        electric shocks, electrical shock, got a shock from, gave me a shock, electrocuted, glass in my,
        glass in the food, glass in it, found glass, piece of glass, pieces of glass, shards of glass,
        metal in my food, piece of metal in, piece of plastic in, plastic in my food, allergic reaction, anaphylactic,
        anaphylaxis, food poisoning, poisoned me, got sick from, got ill from, made us ill, made me ill,
        sick after eating, threw up after, vomiting after, choked on, choking on, choking hazard, maggots, salmonella,
        mould in, mold in, a rash, brakes failed, brake failure, brakes stopped, airbag did not, fire hazard,
        fire risk, safety hazard, safety risk, health hazard, health risk, unsafe, is dangerous, very dangerous,
        dangerous product, danger to children, could have died, could have been killed, could have killed,
        nearly killed, almost killed, nearly died, emergency landing, kill myself, killing myself, self harm, suicidal,
        death threat, death threats, bomb threat, threatened to kill, assaulted, sexual assault, sexually harassed,
        attacked by your""",
    Kind.FRAUD: """
        fraud, frauds, fraudulent, fraudulently, fraudster, fraudsters, scam, scams, scammed, scammer, scammers,
        scamming, rip off, ripoff, rip offs, ripped off, ripping people off, charged twice, charged me twice,
        charged us twice, charged my card twice, charged two times, charged three times, double charged,
        charged double, billed twice, billed me twice, debited twice, paid twice, stole my, stole from me, stole our,
        stole money, stealing from, stealing my, stealing money, stolen my money, stolen from me, theft, thief,
        thieves, unauthorised charge, unauthorised charges, unauthorized charge, unauthorized charges,
        unauthorised transaction, unauthorized transaction, unauthorised payment, unauthorized payment,
        unauthorized withdrawal, never authorised, never authorized, did not authorise, did not authorize,
        didn't authorise, didn't authorize, phishing, identity theft, account was hacked, account got hacked,
        account has been hacked, account hacked, got hacked, been hacked, hacked my account, took my money,
        taken my money, keep my money, kept my money, money was taken from, took money from my, con artists,
        got conned, swindled, swindlers, bait and switch, counterfeit, charged me without, charged without my,
        hidden fees, hidden charges, hidden fee, overcharged, overcharging, overcharge""",
    Kind.LEGAL: """
        lawyer, lawyers, attorney, attorneys, solicitor, solicitors, to sue, will sue, i'll sue, we'll sue, gonna sue,
        can sue, could sue, should sue, sue you, sue them, sue your, suing, lawsuit, lawsuits, class action,
        small claims, small claim, legal action, legal advice, take you to court, taking you to court,
        take them to court, see you in court, go to court, going to court, in court, county court, court case,
        court order, ombudsman, trading standards, consumer protection, consumer rights, better business bureau,
        the bbb, the ftc, the regulator, attorney general, breach of contract, report you to, reporting you to,
        reported you to, false advertising, misleading advertising, is illegal, this illegal, illegally,
        against the law, chargeback""",
    Kind.PRIVACY: """
        data leak, data leaks, data breach, data breaches, leaked my, leaked our, leaked customer,
        leaking customer data, shared my details, shared my data, shared my address, sold my data, sold my details,
        sold my email, sold my information, gave out my, gave my details, gave my number, posted my address,
        someone else's account, somebody else's account, someone else's order history, someone else's details,
        someone else's data, someone else's name and address, someone else's personal, other people's details,
        other people's data, another customer's details, another customer's data, another customer's account,
        another customer's address, other customers' details, other customers' data, has access to my account,
        into my account, my private data, my personal data, my personal information, gdpr, invasion of privacy,
        privacy violation, violation of privacy, spying on""",
    Kind.LEAVING: """
        never again, neveragain, never buy, never buying, never use, never using, never fly, never flying, never shop,
        never shopping, never order, never ordering, never book, never booking, never book with, never stay,
        never return, never going back, never coming back, never recommend, last time i, last time we, last time i'll,
        last time i'm, cancelling my, canceling my, cancelled my subscription, canceled my subscription,
        cancelled my membership, canceled my membership, cancelled my account, cancel my subscription,
        cancel my membership, cancel my account, cancel my contract, switching to, switching from, switching banks,
        switching providers, switch to another, switch provider, lost a customer, losing a customer,
        lost this customer, lost another customer, lost a loyal, lost me as a customer, lose me as a customer,
        lose a customer, losing customers, lost my business, lose my business, losing my business, taking my business,
        take my business, take our business, taking our business, go elsewhere, going elsewhere, business elsewhere,
        money elsewhere, shop elsewhere, close my account, closing my account, closed my account, delete my account,
        deleting my account, uninstalled, uninstalling, boycott, boycotting, done with you, done with this company,
        i'm done with, you lost me, no longer a customer, no longer be a customer, ex customer, former customer,
        won't be back, will not be back, won't be returning, won't be coming back, not coming back, not be returning,
        avoid at all costs, avoid this company, stay away from this, do not buy, don't buy this, don't waste your,
        do not waste, don't ever buy, don't ever use, don't fly, don't recommend, do not recommend,
        would not recommend, wouldn't recommend, not recommended, cannot recommend, never ever again, never go again,
        never going again, never be back, won't go back, not go back, not going back, will not return, will not buy,
        won't buy, won't use, will not use, won't fly, will not fly, won't order, won't shop, not eating here,
        avoid this place, avoid this product, you couldn't pay me, look elsewhere, buy another brand, steer clear""",
    Kind.FAILURE: """
        on hold for, on hold with, on hold over, been on hold, put on hold, still on hold, hold times, hold time,
        still waiting, been waiting, kept waiting, keep waiting, waiting for hours, waiting for weeks, waiting forever,
        waited for hours, waited over, long wait, long queue, long queues, long lines, waited on hold, no reply,
        no replies, no response, no answer, no one answers, nobody answers, no one responds, no one replies,
        nobody replies, unanswered, not answered, never answered, don't answer, doesn't answer, won't answer,
        never replied, not replied, didn't reply, haven't replied, ignored me, ignored my, ignoring me, ignoring my,
        being ignored, hung up on, hangs up, hung up, disconnected me, no update, no updates, no explanation,
        no apology, no information, no help, no one to help, not helpful, unhelpful, wouldn't help, won't help,
        refused to help, refuses to, refused to, can't reach, cannot reach, can't get through, cannot get through,
        can't get anyone, can't get hold, can't get a hold, nobody knows, no one knows, not arrived, never arrived,
        hasn't arrived, haven't arrived, didn't arrive, not been delivered, not delivered, never delivered,
        wasn't delivered, never came, never showed up, didn't show up, not received, never received, haven't received,
        didn't receive, hasn't shown up, still no, still not, still haven't, still hasn't, still isn't, yet to receive,
        wrong item, wrong order, wrong size, wrong address, wrong product, missing parts, parts missing, went missing,
        made me miss, made us miss, won't turn on, doesn't turn on, wouldn't turn on, won't switch on, won't start,
        won't charge, doesn't charge, not charging, won't connect, doesn't connect, won't open, won't let me,
        wouldn't let me, won't let us, doesn't let me, stopped working, stopped charging, quit working, stops working,
        not working, isn't working, wasn't working, doesn't work, didn't work, does not work, did not work, don't work,
        won't work, never worked, no longer works, not work, arrived broken, arrived damaged, came broken, are broken,
        broke after, broke within, broke down, broken down, it broke, fell apart, falls apart, falling apart,
        came apart, cracked, defective, faulty, malfunction, malfunctioned, doesn't fit, doesn't hold, died after,
        it leaks, leaks water, leaks everywhere, leaks all over, is leaking, started leaking, leaking from, reimburse,
        reimbursement, money back, overbooked, oversold, lost my, lost our, you lost, they lost, losing my, damaged my,
        damaged our, damaged bag, damaged box, ruined my, ruined our, destroyed my, messed up, screwed up, screwed me,
        screwed over, turned away, kicked off, kicked out, denied boarding, bumped from, no internet, no service,
        no hot water, cut off my, price hike, put the price up, raised my, late fee, wasted my, waste of money,
        waste of time, waste your money, wasted hours, wasted money, rude, unprofessional, incompetent, incompetence,
        unacceptable, not acceptable, unreliable, unresponsive, useless, disgraceful, disrespectful, disorganized,
        disorganised, bad service, poor service, terrible service, awful service, horrible service, worst service,
        bad customer service, poor customer service, lousy, worst customer, worst experience, worst airline,
        worst company, worst bank, bad experience, poor quality, bad quality, cheaply made, poorly made, not worth,
        overpriced, overrated, underwhelming, not happy, not impressed, not pleased, not satisfied, unhappy,
        unsatisfied, dissatisfied, unimpressed, fed up, sick of, tired of, had enough, how hard is it,
        get your act together, get it together, do better, step it up, what a joke, is a joke, what a mess,
        thanks for nothing, no thanks to, epic fail, epicfail, joke of, slow service, too slow, tasteless, flavorless,
        inedible, undercooked, overcooked, stone cold, ice cold food, filthy, hair in, cockroach, cockroaches,
        bed bugs, bedbugs, no stars, zero stars, one star, 1 star, unusable, unable to, can't connect, can't access,
        cannot access, can't use, cannot use, can't play, cannot play, locked up, froze, shuts down, shut down on,
        literally broke, keeps breaking, broke again, broken again, needs to be fixed, need to fix, needs to fix,
        fix your, fix this, fix the, pls fix, plz fix, still broken, doesn't always, nothing but trouble,
        nothing but problems, hassle, a pain to, is a pain, such a pain, junk, garbage, is trash, trash game, crap,
        crappy, sucks, sucked, sucky, shitty, pathetic, a disgrace, shambles, atrocious, appalling, abysmal,
        horrendous, dreadful, mediocre, substandard, meh, bland, flimsy, flaw, flawed, lacks, lacked, not included,
        doesn't last, didn't last, doesn't stay, not as described, not as advertised, not what i ordered,
        not what i expected, dissapointed, dissapointing, dissappointed, let down, returned it, returning it,
        sent it back, sending it back, had to return, not fixed, never fixed, trouble with, having trouble,
        having issues, having problems, complaint, complain, complaining, what happened to, you people, shame on you,
        get it right, poorly, unfriendly, unorganized, ignorant, clueless, no clue, lied to, misleading, liars""",
    Kind.BUG: """
        a bug, this bug, the bug, bug in, bugs in, buggy, bugged, glitch, glitches, glitching, glitchy, keeps crashing,
        crashes, keeps crashed, app crashed, it crashed, crashed again, game crashed, site crashed, is crashing,
        crashing, error message, error messages, error code, getting an error, an error, gives me an error,
        internal server error, won't load, doesn't load, not loading, isn't loading, can't log in, cannot log in,
        can't login, cannot login, can't log into, can't sign in, cannot sign in, unable to log in, unable to login,
        locked out, website is down, site is down, site down, website down, app is down, servers are down,
        servers down, server is down, server down, system is down, systems down, systems are down, down again, outage,
        outages, keeps freezing, freezes, black screen, blank screen, blue screen, since the update, after the update,
        since the last update, new update broke, keeps disconnecting, disconnects, keeps buffering, unplayable, laggy,
        lagging, server issues, connection issues, technical issue, technical issues, technical difficulties,
        technical problem, won't update, page doesn't, link doesn't, broken link, links are broken""",
    Kind.ASK: """
        please help, pls help, plz help, help please, need help, needs help, need some help, need assistance,
        can someone, could someone, can anyone, can somebody, someone please, anyone know, anybody know, does anyone,
        anyone else having, how do i, how do we, how can i, how can we, how long will, how long does, how much is,
        can you help, can you please, can u please, could you please, would you please, can you tell, could you tell,
        can you confirm, can you explain, can you check, please advise, please confirm, please respond, please reply,
        please call, please fix, please explain, please check, please contact, please dm, pls dm, please tell me,
        please let me know, trying to reach, trying to contact, trying to find out, who do i, who can i, who should i,
        where do i, where can i, what should i, what do i do, what time does, when will, when is the, what is your,
        what's your, what are your, what's the status, is there a way, is there any way, any way to, any update on,
        any updates on, any news on, looking for help, i have a question, quick question, question for you,
        waiting for an answer, want an answer, need an answer, want to speak to, speak to a manager, speak to someone,
        talk to someone, need to speak, need to talk, why can't i, why is my, why was my, why are my, why did you,
        why do you, why don't you, why are you, where is my, where's my, where are my""",
    Kind.SUGGESTION: """
        would be great if, would be nice if, would be cool if, would be good if, would be better if,
        would be helpful if, would be awesome if, would love it if, be even better if, please add, please bring back,
        please consider, please allow, please start, you should add, you should offer, you should make,
        you should have, you guys should, you need to add, should consider, consider adding, could you add,
        can you add, how about adding, hope you add, hope you bring, feature request, a suggestion, my suggestion,
        suggestion for, wish you would, wish you had, wish you'd, wish you could, wish you guys, wish there was,
        wish there were, wish they would, wish they had, wish it had, wish it would, wish the app, wish this had,
        if only you, please make it""",
    Kind.PRAISE: """
        well done, great job, good job, great work, kudos, hats off, shout out to, shoutout to, made my day,
        keep it up, love it, love you guys, thank you so much, thanks so much, many thanks, highly recommend,
        would recommend, on fire, killed it, killing it, killer, nailed it, crushed it, crushing it, the bomb, so sick,
        sick beat, sick beats, sick track, sick design, best ever, never disappoints, never disappointed,
        never fails to, not disappointed, wasn't disappointed, weren't disappointed, won't be disappointed,
        will not be disappointed, never been disappointed, can't wait, stole the show, stole my heart,
        worth every penny, insanely good, dangerously good, blew up on, to die for, thanks, thank you, thx, awesome,
        amazing, excellent, fantastic, wonderful, perfect, love, loved, loving, great, best, appreciate, appreciated,
        impressed, brilliant, superb, outstanding, delicious, favorite, favourite""",
    Kind.PROMOTION: """
        check out my, check my channel, check my page, check my profile, check my bio, subscribe to my, sub to my,
        please subscribe, link in bio, link in my bio, promo code, discount code, coupon code, use my code, use code,
        referral code, my referral link, free iphone, free gift card, free gift cards, free followers, buy followers,
        get followers, follow for follow, follow back, followback, dm me for, dm for promo, click here, click the link,
        earn money, make money online, make money from home, work from home job, quick cash, enter to win,
        retweet to win, rt to win, giveaway, give away alert, crypto giveaway, airdrop, limited time offer,
        affiliate link, buy now at, available now at my, my etsy, my onlyfans, my new single, my new track,
        my new video, stream my, order yours today, my youtube channel, follow me for, follow me back""",
    Kind.INNOCENT: """
        not a scam, isn't a scam, no scam, not fraud, fraud prevention, fraud awareness, fraud protection, spot scams,
        rip off the band aid, not a rip off, no hidden fees, no hidden charges, food court, tennis court,
        basketball court, the book thief, thief of time, grand theft, grand theft auto, suicide squad,
        insult to injury, injury time, injury update, injury report, injury list, almost died laughing,
        nearly died laughing, in flames tour, in flames concert, in flames show, in flames album, bug me, bugs bunny,
        love bug, travel bug, bug bounty, no delay, no delays, without delay, without any delay, no refund needed,
        not delayed, wasn't delayed, cracked up, cracked me up, cracked it, cracked the code, hasn't crashed,
        never crashes, no crashes, crashes a party, no cracks, not rude, never rude, not slow, never late,
        not too late, never too late, not late, better late than, no fail, can't fail, without fail, never fail,
        dirty dancing, quick and dirty, dirty laundry, dirty south, glitch hop, glitch art, no glitches, no bugs,
        already sold out show, thanks for the refund, thanks for refunding, no issues, fully refunded,
        no longer waiting, never broke down, feel so slow, switching to guide, stuck on you, hung up on you,
        is missing out, are missing out, help me sleep, help me relax, let me know if you need, not great,
        not the best, not perfect, best buy, best western, great britain, great depression, no thanks, not awesome,
        not excellent, no problem with, no problems with, no issue with, no issues with, no trouble with, no complaint,
        no complaints, can't complain, cannot complain, nothing to complain about, never let down, never lets you down,
        no flaws, lacks nothing, cannot recommend it enough, can't recommend it enough, cannot recommend enough,
        can't recommend enough, never been let down, hassle free, without hassle, no hassle, junk food, junk mail,
        garbage collection, garbage can, trash can""",
}

# Signs that people also mention when they are content ("thanks for the quick refund"): see `Hit.is_weak`.
_WEAK = {
    Kind.FAILURE: """
        cancelled, canceled, cancellation, cancelling, canceling, cancels, delayed, delay, delays, delaying,
        rescheduled, postponed, refund, refunds, refunded, compensation, compensate, reimbursed, wtf, smh,
        disappointed, disappointing, disappointment, sold out, out of stock, fail, failing, a fail, was late, is late,
        hours late, days late, minutes late, running late, too late, late again, stuck in, stuck at, stuck on,
        stuck here, stranded, ridiculous, third time, fourth time, yet again, multiple times, broke my, is missing,
        are missing, not good, dirty, nasty, missed my, missed our, is broken, was broken, so slow, price increase,
        no wifi, no power, no signal, flaws, problem with, problems with, issue with, issues with, lacking""",
    Kind.ASK: """
        help me, help us, let me know, any chance, how to get, trying to get, is it possible to, when are you,
        need to change""",
    Kind.SUGGESTION: """
        would love to see, would like to see""",
}

_OTHERS = {
    Kind.SAFETY: """
        explodiert, explodierte, Feuer gefangen, in Brand geraten, in Flammen, Stromschlag, ins Krankenhaus,
        im Krankenhaus, verletzt, verbrüht, allergische Reaktion, Lebensmittelvergiftung, Glassplitter,
        lebensgefährlich, Brandgefahr, a explosé, ont explosé, vient d'exploser, a pris feu, en flammes, à l'hôpital,
        choc électrique, électrocuté, m'a brûlé, réaction allergique, intoxication alimentaire, morceau de verre,
        très dangereux, c'est dangereux, blessé, explotó, ha explotado, se incendió, se prendió fuego, en llamas,
        al hospital, en el hospital, descarga eléctrica, reacción alérgica, intoxicación alimentaria, quemaduras,
        es peligroso, herido, me quemé, è esploso, è esplosa, ha preso fuoco, in fiamme, in ospedale,
        al pronto soccorso, scossa elettrica, reazione allergica, intossicazione alimentare, ustioni, ustionato,
        è pericoloso, ferito, explodiu, pegou fogo, em chamas, no hospital, ao hospital, choque elétrico,
        reação alérgica, intoxicação alimentar, queimaduras, é perigoso, ferido, ontploft, ontplofte, vloog in brand,
        in brand gevlogen, in vlammen, naar het ziekenhuis, in het ziekenhuis, elektrische schok, allergische reactie,
        voedselvergiftiging, brandwonden, levensgevaarlijk, gewond""",
    Kind.FRAUD: """
        Betrug, Betrüger, betrogen, Abzocke, abgezockt, doppelt abgebucht, zweimal abgebucht, gestohlen,
        unberechtigt abgebucht, arnaque, arnaques, arnaqué, arnaqueurs, escroquerie, escrocs, fraude, débité deux fois,
        prélevé deux fois, volé mon, estafa, estafas, estafado, estafadores, me robaron, ladrones, cobrado dos veces,
        cobraron dos veces, cargo no autorizado, truffa, truffato, truffatori, frode, ladri, addebitato due volte,
        addebito non autorizzato, rubato, é golpe, golpistas, burlões, me roubaram, ladrões, cobrado duas vezes,
        cobraram duas vezes, cobrança indevida, oplichting, oplichters, opgelicht, twee keer afgeschreven,
        dubbel afgeschreven, gestolen, uma burla""",
    Kind.LEGAL: """
        Anwalt, Rechtsanwalt, Anwälte, verklagen, Klage einreichen, vor Gericht, Verbraucherzentrale,
        Verbraucherschutz, Strafanzeige, mon avocat, un avocat, porter plainte, plainte contre, au tribunal,
        en justice, mise en demeure, abogado, abogados, voy a demandar, vamos a demandar, voy a denunciar, denunciaros,
        ante el juez, hoja de reclamaciones, avvocato, avvocati, vie legali, in tribunale, denuncio, vi denuncio,
        codacons, advogado, advogados, vou processar, no tribunal, no procon, livro de reclamações, advocaat,
        naar de rechter, rechtszaak, aangifte doen, aanklagen""",
    Kind.FAILURE: """
        kaputt, defekt, funktioniert nicht, geht nicht mehr, Rückerstattung, Geld zurück, nicht angekommen,
        nie angekommen, keine Antwort, nicht geliefert, warte seit, en panne, ne marche pas, ne fonctionne pas,
        ne marche plus, ne fonctionne plus, est cassé, est cassée, remboursement, remboursez, jamais reçu, pas reçu,
        pas arrivé, jamais arrivé, aucune réponse, no funciona, dejó de funcionar, está roto, está rota, reembolso,
        devolución, no ha llegado, no llegó, nadie contesta, sin respuesta, non funziona, rimborso, mai arrivato,
        non è arrivato, nessuna risposta, não funciona, parou de funcionar, quebrado, quebrada, quebrou, avariado,
        estorno, não chegou, ninguém responde, sem resposta, kapot, werkt niet, doet het niet, terugbetaling,
        geld terug, niet geleverd, nooit aangekomen, geen antwoord, geen reactie, è rotto, si è rotto, si è rotta""",
}

_LINKS = re.compile(r"(?:://|www\.)\S+")
_BREAKS = re.compile(r"\W+")
_UNITS = ["min", "mins", "minute", "minutes", "hr", "hrs", "hour", "hours"]
_UNITS += ["day", "days", "week", "weeks", "month", "months"]
_LENGTH = re.compile(
    r"(?:\b(?:\d{1,4}|two|three|four|five|six|seven|eight|nine|ten|twelve|several|many|couple of) ?"
    r"(?:min|mins|minutes?|hrs?|hours?|days?|weeks?|months?)|half an hour|an hour)\Z"
)
_WAITING = re.compile(
    r"\b(wait|waiting|waited|hold|delay|delayed|delays|late|still|sitting|sat|stuck|stranded|counting|since|behind"
    r"|without|cant|havent|hasnt|didnt|wont|queue|line|tarmac|runway)\b"
)


def find(text: str) -> tuple[Hit, ...]:
    """Every phrase of the table that the text says, each once."""
    text = scored_part(text)
    if "://" in text or "www." in text:
        text = _LINKS.sub(" ", text)
    words = f" {_bare(text)} "
    matches = _whole(words, _table())
    if not matches:
        return ()
    found: dict[str, Hit] = {}
    lengths: set[str] = set()
    end = 0
    for start, less, entry in sorted(matches, key=itemgetter(0, 1)):
        stop = -less
        if start < end:
            continue
        end = stop
        if entry is None:
            entry = _length(words, start, stop)
            lengths.add(entry.phrase if entry else "")
        if entry is not None and entry.kind is not _INNOCENT:
            found.setdefault(entry.phrase, entry)
    if lengths and not _WAITING.search(words):
        return tuple(hit for hit in found.values() if hit.phrase not in lengths)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Table:
    automaton: AhoCorasick
    entries: tuple[Hit | None, ...]  # None: a unit of time, which needs a number and a waiting word


def _whole(words: str, table: _Table) -> list[tuple[int, int, Hit | None]]:
    """(start, -end, entry) of what ends where a word ends; that it begins where one begins is part of each pattern."""
    matches = table.automaton.find_matches_as_indexes(words, overlapping=True)
    return [(start, -stop, table.entries[index]) for index, start, stop in matches if words[stop] == " "]


def _length(words: str, start: int, stop: int) -> Hit | None:
    """A length of time, such as "7 hours"; evidence only where the text also speaks of waiting."""
    length = _LENGTH.search(words, max(0, start - 12), stop)
    return Hit(length[0], Kind.FAILURE, POINTS[Kind.FAILURE]) if length else None


@cache
def _table() -> _Table:
    entries: dict[str, Hit | None] = {f"{before}{unit}": None for before in " 0123456789" for unit in _UNITS}
    for lexicon in (_OTHERS, _ENGLISH, _WEAK):
        for kind, phrases in lexicon.items():
            for phrase in phrases.split(","):
                shown = " ".join(phrase.split())
                entries[_pattern(phrase)] = Hit(shown, kind, POINTS.get(kind, 0), is_weak=lexicon is _WEAK)
    return _Table(AhoCorasick(entries), tuple(entries.values()))


def _pattern(phrase: str) -> str:
    return f" {_bare(phrase)}"


def _bare(text: str) -> str:
    """Words with single spaces between them; apostrophes go without one, so that "dont" is "don't"."""
    words = normalise(text)
    if words.isascii():
        return ascii_words(words, dropped=b"'")
    return " ".join(_BREAKS.sub(" ", words.replace("'", "")).split())
