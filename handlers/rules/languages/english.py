"""English, the language that VADER and the day-one words know."""

from handlers.rules.kinds import Kind
from handlers.rules.languages import Language

_PHRASES = {
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
        attacked by your,
        going to get hurt|killed|injured, gas smell|odour, raw in|inside the|in, pink in the middle, came off in my
        hand|hands, live|exposed cable|cables, left * burn|burns|scar|blister, melted the|my|a, melted in my
        bag|hand|hands|pocket|car, step|ladder|rail|railing|chair|stool|bed|swing * gave way|snapped|collapsed,
        ceiling|balcony * collapsed|came down|fell, fire exit|exits|door|escape * blocked|locked|chained|shut, at a
        e, all|both|violently ill|sick after|from|since|all, we were all * ill|sick, were all violently ill|sick,
        family|kids|dogs|dog|cat|children * ill|sick after|from|since, swallowed a|the|one|part, airbag|airbags
        never|didn't deployed|deploy|opened, popped|burst in my face|hand|hands|ear, blew up in|while|when, burst in
        my, shattered in my|while|when, glass|door|shelf shattered, shards, burned|burnt|burns|scalded *
        hand|hands|arm|leg|foot|face|skin|finger|fingers|thumb|mouth|tongue|son|daughter|baby|toddler,
        burned|burnt|scalded|hurt|injured|cut myself|himself|herself, third|first degree burns, blisters on,
        blistered, scalding, charger|plug|socket|cable|adapter|adaptor|handle|battery|fan|motor *
        melted|melting|smoking|sparked|burnt|swelled|bulging, battery swollen, swollen|bulging|leaking battery,
        battery acid, started|starts to melt|smoke|spark, started melting, sparking, sparked, sparks from, scorch
        marks, scorched, singed, smoke * coming|pouring|billowing, smoke from the, smoke alarm went,
        smell|smells|smelled|smelt|stinks of|like burning|smoke|gas, smelled|smelt burning|gas, leaking gas,
        toxic|chemical fumes, nearly|almost set * fire, electrical|kitchen|house fire, started a fire, fire
        brigade|department, put the fire out, exposed|bare|loose|live wires|wiring|wire, short circuit, short
        circuited, zapped me, gives|giving|gave * shocks, shock off the, shocks me|you when, hurt my|her|his
        back|hand|leg|head|foot|knee|neck|son|daughter, someone * hurt|killed, could|will get hurt|injured|killed,
        could have been hurt|worse, kill|injure|hurt somebody|someone, cut|sliced|cuts *
        finger|fingers|hand|hands|thumb|lip|mouth|tongue|foot|gums, sharp edge|edges, needed|needs|had stitches,
        started|was|were bleeding, concussion, broke|broken|fractured|sprained my|her|his arm|wrist|leg|ankle|hip,
        chipped|cracked|broke|broken * tooth|teeth, collapsed under|while|with, gave way under|while, tipped over on,
        fell on|onto|off * head|child|toddler|baby|foot, child|toddler|baby|son|daughter|mother|mum
        fell|slipped|tripped|choked, slipped on * floor|wet, tripped over, wet floor, trapped|stuck in *
        lift|elevator, trapped * finger|fingers, choked on, came off|loose in * mouth, button battery, strangled,
        suffocated, crib|cot|pram|stroller|pushchair collapsed,
        glass|metal|plastic|wire|bone|screw|needle|staple|insect|insects|worm|worms|mould|mold|maggot|beetle * in
        my|our|the|her|his food|meal|salad|soup|bread|burger|pizza|sandwich|drink,
        glass|metal|plastic|wire|bone|screw|needle|staple|insect|insects|worm|worms|mould|mold|maggot|beetle * in
        my|our|the|her|his yoghurt|cereal|sauce|pasta|rice|curry|cake|dinner|lunch, bit|bite|bitten on|into *
        glass|metal|stone|plastic|bone, bits|shard|sliver|lump of glass|metal|plastic, mouldy, moldy, covered in
        mould|mold, black|green mould|mold, mouse|rat droppings, raw chicken|pork, chicken|pork was|is raw, pink
        inside, made * ill|unwell, was|were|been|fell|felt ill|sick after|from, was|were|been violently ill|sick,
        food poisoned, poisoned, poisonous, throwing up all|after|since, threw up all, vomiting, vomited, stomach
        cramps, e coli, listeria, norovirus, throat|face|lips|tongue|eyes|eye * swelled|swollen|swelling|closing,
        epipen, epi pen, allergens, undeclared, broke|came out in * hives|rash|spots, skin
        peeled|peeling|burning|reaction, contaminated, contamination, brake|brakes *
        failed|fail|failing|gone|gave|faulty|squealing, no brakes, steering failed|locked, lost * brakes|steering,
        wheel came|fell off, tyre|tire burst|blew, cut|cuts|died|stalled * motorway|highway|freeway|interstate,
        airbag|airbags|seatbelt|seatbelts * failed|deploy|broken|jammed, seat belt * broken|jammed|failed, drunk
        driver, texting while driving, on his|her phone while, drove|driving like|dangerously|recklessly, reckless
        driving, ran a red, asleep at the wheel, nearly|almost crashed|hit * cyclist|child|us|me|pedestrian,
        nearly|almost ran, knocked me|him|her off|over|down,
        so|how|too|extremely|really|seriously|potentially|downright|incredibly dangerous, dangerous to|for, a danger
        to, death trap, deathtrap, hazardous, a hazard, trip hazard, not|isn't safe, felt|feel unsafe, accident
        waiting, urgent care, paramedics, paramedic, in a e, poison control, called 911|999|112, lost consciousness,
        fainted, asthma attack, couldn't|struggled to breathe, trouble breathing, followed me home, groped,
        threatened|threatening me|us, punched|grabbed|shoved|slapped me|him|her, product recall,
        lead paint, lead based paint, lead poisoning, traces of lead, asbestos,
        trips|tripped|tripping|trip the|our|my * fuse|fuses|breaker|breakers|rcd|electrics|fusebox, blows|blew|blowing
        the|our|my|every fuse|fuses|fusebox|electrics, touched|touching|stroked|stroking my|her
        leg|legs|thigh|thighs|knee|bum|bottom|breast|breasts|chest|waist, touched|touching me|her
        inappropriately|without, inappropriately touched""",
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
        hidden fees, hidden charges, hidden fee, overcharged, overcharging, overcharge,
        took|taken|collected|made two|three|four|several|2|3|4 payments, collected|taken|debited|charged
        2|3|4|three|four times, left my account, in my name without|with, account|loan|contract|card opened in my
        name, opened * in my name, someone|somebody ordered|bought|booked|spent|withdrew * my,
        trip|trips|ride|order|booking|subscription|room|car i|we never took|made|ordered|booked|hired|placed, never
        hired|ordered|booked|subscribed * charged|bill|billed|invoice, seller|host|shop|account|listing *
        disappeared|vanished, listing|flat|address|apartment doesn't|does not exist, empty box, box was empty, remote
        access to, phished, charged|billed|debited|deducted|paid|charging|billing|took|taken * twice,
        charged|billed|debited * three|several|multiple times, charged|billed me|us again,
        charged|billed|charging|billing for * never|didn't|cancelled|canceled|returned, being|been charged for *
        never|didn't, still|keep|keeps|kept charging|billing|taking me|us|money|payments|my, still being
        charged|billed, money|payment|cash|amount taken|debited|deducted * twice|without, double|duplicate
        payment|payments|charge|charges|debit|billing,
        took|taken|take|taking|takes|stole|withdrew|withdrawn * from|off|of my|our account|card|bank|wallet|savings,
        removed|gone|missing|disappeared|vanished * from|off|of my|our bank|wallet|savings|balance,
        money|cash|funds|pounds|dollars|euros|quid|bucks|grand|deposit|refund|salary|wages|pension|hundreds|thousands *
        removed|gone|missing|disappeared|vanished from|off|of my|our account|card,
        removed|missing * money|cash|funds|pounds|dollars|euros|quid|payment|savings from|off my|our account|card,
        someone|somebody removed * from my|our account|card, someone|somebody has removed * from my|our account|card,
        # removed|gone|missing|disappeared|vanished from|off my|our account|card,
        # was|were|has|have|just removed|gone|missing|disappeared|vanished from|off my|our account|card,
        money|funds|savings|balance is|has|have gone|vanished|disappeared,
        emptied|drained|cleared * account, lost * life savings, my life savings, where has|did my money, where is my
        money, unknown|mystery|mysterious|strange|unexplained|random
        charge|charges|transaction|transactions|payment|payments|debit|withdrawal|withdrawals|fee|fees,
        phantom|bogus|false|suspicious|unrecognised|unrecognized
        charge|charges|transaction|transactions|payment|payments|debit|withdrawal|withdrawals|fee|fees, don't|didn't
        recognise|recognize * charge|charges|transaction|transactions|payment|payments|purchase, never|didn't
        made|make|authorised|authorise * payment|payments|purchase|transaction|withdrawal,
        payment|payments|purchase|charge|charges|transaction|withdrawal i|we never|didn't, never signed|agreed up|to,
        without my|any authorisation|authorization, card|account|details|identity *
        cloned|stolen|hacked|compromised|skimmed, someone|somebody|stranger|hacker * used|using * my
        card|account|details|name, hacked into, hackers, cloned my, stolen card, used my card,
        fake|bogus|dodgy|suspicious|phoney|spoof
        text|texts|email|emails|mail|message|messages|sms|call|calls|caller|website|site|shop|store,
        fake|bogus|dodgy|suspicious|phoney|spoof link|account|accounts|profile|page|app|parcel|delivery,
        fake|bogus|dodgy|suspicious|phoney|spoof advert|ads|invoice|listing|listings|seller|ticket|tickets, is
        this|it|that really|actually from you, is this|it|that * real|genuine|legit|legitimate or, is this
        text|email|message|call|link|site|letter, pretending|pretended|claiming|claims|claimed to be from|you|your,
        impersonating, impersonator, impersonators, impersonated, posing|posed as, using your name|logo, spoofing,
        spoofed, smishing, asked|asking|asks|wants|wanted for * my password|pin|passcode|bank details,
        asked|asking|asks|wants|wanted * my|bank pin|passcode|details|card|password, conned, con trick, cheated
        me|us|out|by, cheating customers|people, deceived, deception, daylight robbery, robbery, robbed, robbing,
        crooks, crook, you|these|absolute|bunch criminals, extortion, ponzi, pyramid scheme, mis sold, missold, mis
        selling, knock off, knockoff, knockoffs, not|isn't genuine|authentic, was|were|be|totally|obviously fake,
        sold me a fake, stole|stolen|stealing|steals *
        parcel|package|order|phone|money|points|miles|bike|bag|deposit, stole it, refuse|refuses|refused|refusing to
        return|give|refund * money|deposit, won't give * money|deposit, kept|keep|keeping * deposit, pocketed the|my,
        gift card|cards * drained|stolen|used, points|miles * stolen|vanished, added * without asking, sneaky|stealth
        charge|charges|fee|fees, forged, forgery""",
    Kind.LEGAL: """
        lawyer, lawyers, attorney, attorneys, solicitor, solicitors, to sue, will sue, i'll sue, we'll sue, gonna sue,
        can sue, could sue, should sue, sue you, sue them, sue your, suing, lawsuit, lawsuits, class action,
        small claims, small claim, legal action, legal advice, take you to court, taking you to court,
        take them to court, see you in court, go to court, going to court, in court, county court, court case,
        court order, ombudsman, trading standards, consumer protection, consumer rights, better business bureau,
        the bbb, the ftc, the regulator, attorney general, breach of contract, report you to, reporting you to,
        reported you to, false advertising, misleading advertising, is illegal, this illegal, illegally,
        against the law, chargeback,
        legal team|proceedings|route|steps|matter|rights|letter|counsel|duty|obligation|complaint|claim|challenge,
        legally obliged|required|entitled|bound|liable|binding, seek|seeking|taking|taken|get|getting legal,
        statutory rights|right, consumer
        law|laws|act|court|forum|council|affairs|commission|association|authority|agency|advice, sale of goods,
        citizens advice, letter|notice before action|claim, cease and desist, court
        summons|papers|proceedings|date|action|claim|hearing, to court, through the courts, meet|see * in court,
        tribunal, arbitration, barrister, litigation, magistrates, negligence, negligent, liable, claim against
        you|them|your, case against you|them|your, compensation claim, personal injury,
        filed|filing|file|lodged|lodging|lodge|submitted|submitting * complaint with|to, formal|official complaint,
        report|reported|reporting * to the authorities|regulator|police|ombudsman|council|watchdog|inspectors, the
        authorities, to the|your regulator|watchdog, your|energy|financial|telecoms|industry regulator, a|the
        watchdog, police report, crime reference, going|gone|been|went to the police,
        call|calling|called|contacted|involve the police, ofcom, ofgem, ofwat, cfpb, the
        fca|caa|fcc|faa|fda|cma|accc|osha, aviation|transport|competition|standards|health authority|board,
        department of transportation, eu 261, eu261, ec261, uk261, section 75, entitled * by|under law,
        required|obliged by law, under * law|act, break|breaking|breaks|broke|breaking * law, unlawful, unlawfully,
        must be|completely|totally illegal, illegal to|charge|fee|contract, unfair terms|contract,
        breach|breaching|breached|broken * contract|agreement|law|regulations, in breach,
        violates|violating|violation * law|laws|act|rights|terms, false advertisement, misrepresentation, deceptive
        practices, discrimination, discriminated, discriminatory, know my|our rights, my rights as|under, within my
        rights, prosecute, prosecuted, sued for|by|over, be|being|get sued, sue for|over, going to sue, charge back,
        racist|sexist|homophobic|transphobic|xenophobic|antisemitic|islamophobic|misogynistic
        remark|remarks|comment|comments|joke|jokes from|by|to|towards|at|about, made|makes|making|passed *
        racist|sexist|homophobic|transphobic, racist|sexist|homophobic|transphobic abuse|slur|slurs|attitude,
        racist|sexist|homophobic|transphobic|xenophobic|antisemitic|islamophobic|misogynistic
        staff|driver|drivers|waiter|waitress|manager|guard|guards|employee|employees|cashier|agent|engineer|nurse,
        staff|driver|waiter|waitress|manager|guard|employee|cashier|agent|engineer|nurse|steward|receptionist *
        racist|sexist|homophobic|transphobic|racism|sexism, racial|homophobic slur|slurs|abuse|profiling,
        racially profiled|abused|insulted, go back where she|he|they|you came|come from, go back to where
        she|he|they|you came|come from, told|telling me|us to go back where|to i|we|where,
        go back to your|her|his|their|my own country, called|calling me a|an,
        called|calling us|her|him|them|my * idiot|idiots|liar|liars|thief|slag|bitch|whore|slut|monkey|terrorist|retard,
        called|calling me|us|her|him names, harassed|harassing|harasses me|us|her|him|my, was|were|been|being harassed,
        experienced|reported|suffered|faced|endured|is|was|pure|plain * harassment, harassment by|from""",
    Kind.PRIVACY: """
        data leak, data leaks, data breach, data breaches, leaked my, leaked our, leaked customer,
        leaking customer data, shared my details, shared my data, shared my address, sold my data, sold my details,
        sold my email, sold my information, gave out my, gave my details, gave my number, posted my address,
        someone else's account, somebody else's account, someone else's order history, someone else's details,
        someone else's data, someone else's name and address, someone else's personal, other people's details,
        other people's data, another customer's details, another customer's data, another customer's account,
        another customer's address, other customers' details, other customers' data, has access to my account,
        into my account, my private data, my personal data, my personal information, gdpr, invasion of privacy,
        privacy violation, violation of privacy, spying on,
        another|other company's|couple's|family's|woman's|man's|lady's|user's|tenant's|driver's|student's *
        account|data|details|documents|address|files|list|statement, seeing|saw|sees|see another|other|someone *
        details|data|documents|statements|files|names, someone|somebody else's|else * results|file|payslip, another
        customer's * name|address|number|order|details, stranger's|strangers *
        statements|account|details|documents|messages|photos, a stranger got|has|received|opened my,
        photos|pictures|video|footage of|inside my|our
        bedroom|home|house|flat|apartment|room|child|children|kids|daughter|son, address|number|email|details|data
        was|is|were|are public|visible|published|online, my data to be, data * erased, listens|listening * to|in what
        we|my living|living, wants|needs|asks|asking|requires|demands * my contacts, someone|somebody else's *
        order|bill|statement|invoice|details|data|name|address|photos|booking|messages, someone|somebody else's *
        email|information|profile|prescription|medical|records|documents|contract|number|history|letter,
        other|another people's|customers'|customer's|person's|users'|user's
        order|orders|bill|statement|statements|invoice|invoices|name|names|address|addresses|photos|booking,
        other|another people's|customers'|customer's|person's|users'|user's
        bookings|messages|emails|information|profile|files, other|another
        people's|customers'|customer's|person's|users'|user's records|phone|documents|data|details|medical|private,
        other|another guest's|guests'|passenger's|patient's|patients'|member's
        order|orders|bill|statement|statements|invoice|invoices|name|names|address|addresses|photos|booking,
        other|another guest's|guests'|passenger's|patient's|patients'|member's
        bookings|messages|emails|information|profile|files, other|another
        guest's|guests'|passenger's|patient's|patients'|member's
        records|phone|documents|data|details|medical|private, stranger's|strangers'
        account|data|details|address|name|messages|orders|booking|documents, to a|total complete|total|perfect
        stranger, previous|last|former guest's|tenant's|owner's|customer's|user's * details|name|data|account|photos,
        everyone's|everybody's|customers' email|emails|address|addresses|names|details, in|on cc, cc'd, cced, instead
        of bcc, not bcc, bcc, my|our|her|his address|number|details|email|data|photo|location|card|account|passport *
        visible|public|publicly|exposed|leaked|online|shared,
        published|posted|sharing|shares|exposed|exposes|exposing|disclosed|leaks my|our|her|his|customer|customers'
        address|number|details|data|name|email|photo,
        published|posted|sharing|shares|exposed|exposes|exposing|disclosed|leaks my|our|her|his|customer|customers'
        photos|information|location|personal|private|phone|medical,
        leaking|selling|sells|sell|giving|handed|passing|revealed|printed my|our|her|his|customer|customers'
        address|number|details|data|name|email|photo,
        leaking|selling|sells|sell|giving|handed|passing|revealed|printed my|our|her|his|customer|customers'
        photos|information|location|personal|private|phone|medical, passed|gave|given|shared|sold|giving|passing *
        my|our|her|his address|number|details|data|name|email|phone|information,
        sold|sells|selling|sell|shares|sharing our|your|customer data|information, data|details|information
        has|have|was|were|been|got leaked|sold|exposed, data|details|information * third parties, third parties, data
        protection, data broker|brokers, security|privacy breach|flaw|leak|invasion|nightmare, breach of
        privacy|confidentiality, my|our|customer|customers' privacy, privacy
        law|laws|rights|concerns|issue|complaint, information commissioner, confidential
        information|documents|data|letter|files, confidentiality, spam|scam|marketing|cold|junk
        calls|texts|emails|mail since|ever|after, how did you|they get|have my, where did you|they get my, who gave *
        my, never gave * my|permission|consent, never|didn't consented|consent, without my|our|her|his
        consent|permission|knowledge, without consent|permission, unsolicited, delete|remove|erase|wipe * my|personal
        data|details|information|records, right to be forgotten|erasure, subject access, dsar, data request,
        recorded|recording|filmed|filming me|us|my|our * without|bedroom|conversation|conversations|calls|voice,
        recorded|recording|filmed|filming without, recordings of my|our|me|us, listening to|in on *
        conversation|conversations|us|private, eavesdropping, hidden camera|cameras|microphone, camera|cameras *
        bedroom|bathroom|toilet|toilets|changing|fitting, used|using|uses my|our|her|his
        photo|photos|picture|face|image|voice, photo|photos|picture|video of me|my|us * without|website|advert|page,
        tracking|tracks|tracked my|our location|movements|every, stalking me|us, doxxed, doxed, snooping,
        surveillance, spyware, spied on, password|passwords in|as plain|clear, plain text password|passwords,
        can|could see * other|another|someone people's|customers'|customer's|person's|else's, logged|logs|signed|let
        * in|into|as someone|somebody|another|a else's|else|customer|stranger, someone|somebody|stranger|anyone *
        see|saw|has|read|access|accessed|opened my|our
        data|details|messages|address|information|records|account|letter|mail, opened|opening|reads|reading my|our
        mail|letter|letters|messages|emails|chats, medical records|history|data|details, copy|photo|scan of
        my|our|her|his passport|id|licence|license, documents|files|records|forms lying|left|unattended, facial
        recognition, read|reading out loud|my,
        logged|logs|log|logging|signed|signs * as|into a|the different|wrong
        customer|customer's|user|user's|person|person's|account, logged|logs|log|logging|signed|signs * as|into
        another|other customer|customer's|user|user's|person|person's, can|could see her|his
        address|details|orders|medical|messages|data|bookings""",
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
        money elsewhere, shop elsewhere, close my account, closing my account, delete my account,
        deleting my account, uninstalled, uninstalling, boycott, boycotting, done with you, done with this company,
        i'm done with, you lost me, no longer a customer, no longer be a customer, ex customer, former customer,
        won't be back, will not be back, won't be returning, won't be coming back, not coming back, not be returning,
        avoid at all costs, avoid this company, stay away from this, do not buy, don't buy this, don't waste your,
        do not waste, don't ever buy, don't ever use, don't fly, don't recommend, do not recommend,
        would not recommend, wouldn't recommend, not recommended, cannot recommend, never ever again, never go again,
        never going again, never be back, won't go back, not go back, not going back, will not return, will not buy,
        won't buy, won't use, will not use, won't fly, will not fly, won't order, won't shop, not eating here,
        avoid this place, avoid this product, you couldn't pay me, look elsewhere, buy another brand, steer clear,
        do not|don't|not renew|renewing, moving|moved|taking|take|transferring all|both our|my|of *
        elsewhere|away|out, all our|my accounts|business|money elsewhere, goodbye and good, that's me done, i'm off
        to a|another|your, other brands|providers|banks|airlines|suppliers|companies instead|now|from, look at other,
        my last pair|bottle|box|bag|ticket from|with|ever|of, cancelled|cancelling|cancel * today and|today,
        gave|given|giving up on you|them|this|your, moved|moving|move * away from, any|the best alternative to,
        cancel|cancelled|canceled|cancelling|canceling|terminate|terminating|ending|end my|our|the|this|your *
        subscription|membership|account|contract|plan|policy|renewal, want|going|about|ready|decided|tempted|planning
        to cancel|switch, decided|tempted|ready|planning to leave, will|i'll|we'll|i'd rather|just cancel|switch,
        i'm|we're|i|am|about|thinking|thought|of|considering|by cancelling|canceling|switching|leaving
        to|you|my|our|everything|after|banks|provider|suppliers, considering|consider|thinking|thought of|about *
        cancelling|switching|leaving|changing, considering cancelling|canceling|switching|leaving|alternatives,
        going|go|switch|move|moving|moved|switching|changing|change|off|defect to|with a|another|your|the|different
        competitor|competitors|rival|rivals|competition|provider|company|supplier|bank|carrier|brand,
        find|finding|found|looking|look|search|try|trying|choose|use|for another|different|other|new
        provider|supplier|bank|airline|carrier|company|insurer,
        find|finding|found|looking|look|search|try|trying|choose|use|for another|different|other|new
        network|hotel|operator|supermarket|brand|alternative|alternatives, your competitors, your competitor, better
        alternatives, time to leave|move|switch, shopping|shop around, porting my|out|our, pac code,
        moving|moved|transferring|taking|take|took|move my|our|all
        account|accounts|money|business|savings|mortgage|number|custom|pension|insurance *
        elsewhere|out|another|away|competitor|rival, i'm|we're|am|are|so|officially|now|completely
        done|finished|through with you|your|them|this|here|these, done with your, enough is enough, last
        order|purchase|booking from|with|ever, my|our last order|month|year|purchase|booking|renewal, be|was|is
        my|our|the last order|purchase|time|booking|flight|stay|visit|month, last straw, final straw, seen|see|heard
        the last of|you'll, won't|not|will|i'm be|going to renew|renewing, not|won't be|renew renewing|my|again,
        when|once|until|till|moment|minute my|our contract|subscription|membership|plan|renewal
        ends|runs|expires|is|comes, out of my|our|this contract, delete|deleted|deleting|removed|uninstall
        the|your|this|their app|game|profile, back to my|our old|previous, going|gone|went|go back to|my *
        competitor|old|rival, won't|not|never|don't|will see|seeing|get|getting|have|spend|spending
        me|us|my|our|another|a|one * again|business|money|penny|cent|more, never|not|won't|wouldn't|ever|be
        shop|shopping|buy|buying|book|booking|order|ordering|fly|flying|stay|staying|use * again|anymore|here,
        never|not|won't|wouldn't|ever|be
        using|come|coming|go|visit|visiting|eat|return|returning|trust|renting|renew|recommend * again|anymore|here,
        never set foot, another|single penny|cent, not|never|won't|longer be
        using|buying|ordering|booking|flying|shopping|staying|renewing|recommending, take|taking|took|spend *
        custom|business|money|elsewhere elsewhere|somewhere, somewhere else, lost|lose|losing
        a|another|one|this|your|more * customer|customers|member|client|subscriber, ex|former
        customer|member|subscriber, no longer trust|shop|fly|buy|recommend|use|want, stopped|stop|quit
        using|buying|shopping|ordering|flying|paying you|your|here|from|there|this|with, ditching, ditched, dumping
        you, rather walk, goodbye to your|them, goodbye from me|us, good riddance, closing|close *
        account|accounts, tell|telling|warn|warning everyone|everybody|friends|people|all * avoid|away|against, avoid
        them|this|it at|like, stay|keep away from them|here|it,
        i|i've|we|we've closed my|our|the|both|all account|accounts, i|i've|we|we've closed both|all my|our accounts,
        i|we have closed my|our|the|both|all account|accounts, i|we have closed both|all my|our accounts,
        i|i've|we|we've just|now|finally|already|since closed * account|accounts, i|we have
        just|now|finally|already|since closed * account|accounts, closed my|our account|accounts with you, moving|moved
        all our|my * to someone|somebody|another""",
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
        get it right, poorly, unfriendly, unorganized, ignorant, clueless, no clue, lied to, misleading, liars,
        closed|suspended|terminated|deactivated|blocked|froze|locked my|our account|accounts,
        you|they are|keep closing my|our account|accounts, you're|they're closing my|our account|accounts,
        order|parcel|package|delivery|booking|reservation * vanished|disappeared,
        order|parcel|package|delivery|suitcase|luggage is|was|got|been lost, chatbot|bot|robot * in circles|nowhere,
        send|sends|sent|sending me|us in|round|around circles,
        chatbot|bot|robot keeps|kept * asking|repeating|sending|looping, going|goes|went|sent|sends|sending|send * in
        circles with|by|to, stuck * chatbot|bot, get|getting past the|your|a|this chatbot|bot, gift
        card|cards|voucher|vouchers * empty|invalid|declined|rejected|expired|blank|worthless, gift
        card|cards|voucher|vouchers * no|zero balance|credit|money|funds, gift card|cards|voucher|vouchers * nothing
        on""",
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
        technical problem, won't update, page doesn't, link doesn't, broken link, links are broken,
        stopped working after|since, steps to reproduce, error undefined|null, stuck on * screen|page|loading|step,
        still shows|says|showing * last|old|yesterday's, won't let me past, blank in|on|when, unable to * app,
        app|site|website says|shows|claims * but|wrong, push notifications, twice in the app, notifications *
        late|twice, tap|tapping|click|clicking|press|pressing * crashes|freezes|nothing|duplicates|closes,
        app|site|website|page|game|system|program|software|dashboard|player|checkout
        crash|crashes|crashed|crashing|freezes|froze|frozen|freezing,
        app|site|website|page|game|system|program|software|dashboard|player|checkout
        hangs|hung|reboots|restarts|glitches|loops|logs|kicks|closes,
        browser|map|firmware|portal|basket|cart|widget|plugin|tablet|laptop|tv|screen
        crash|crashes|crashed|crashing|freezes|froze|frozen|freezing,
        browser|map|firmware|portal|basket|cart|widget|plugin|tablet|laptop|tv|screen
        hangs|hung|reboots|restarts|glitches|loops|logs|kicks|closes, freezes|froze|crashes|crashed|hangs|closes
        when|every|as|on|after|whenever|during|mid, freezing up|again|on|every, keep|keeps|kept
        crashing|closing|hanging|rebooting|restarting|buffering|spinning, keep|keeps|kept
        dropping|resetting|cutting|flickering|glitching|failing|unpairing, keep|keeps|kept logging|signing|kicking
        me|us|everyone, stuck|hangs|stays on|at|in * loading|loop|logo|spinner|percent, loading
        screen|forever|wheel|spinner|circle, loads|spins forever|endlessly, endless|infinite loading|loop|spinner,
        spinning wheel|circle, just spins|hangs|reloads|closes, blank|empty|frozen|grey|gray page|screen, a|just|only
        white page|screen, page|screen|app|window|map|list * blank|frozen|black|white, page not found, error
        404|500|502|503|403|401, 404|500|502|503 error, error number|occurred|page|screen|saying|when|every,
        unknown|unexpected|same|weird|strange|server|network|payment|internal error, something went wrong,
        throws|shows|says|get|got|getting|with|another|an|random|constant error|errors, times|timed|timing out,
        session expired, timeout, logs|logged|logging|signs|signed|signing|kicks|kicked|throws|boots
        me|us|everyone|you * out, login|log in page|screen|button|loop, let|lets me|us * log|login|sign in, let me
        login, password reset, reset link|email, verification|confirmation code * never|not|doesn't|isn't|arrived,
        code never|doesn't|not|didn't arrives|arrive|comes|come|work, captcha,
        button|buttons|link|links|toggle|menu|filter|filters|search|form|notifications|bluetooth|camera
        does|do|is|are|has|have nothing|broken|dead|greyed|gone|missing|disappeared|vanished|stopped,
        microphone|gps|widget|scanner|keyboard|subtitles|calendar does|do|is|are|has|have
        nothing|broken|dead|greyed|gone|missing|disappeared|vanished|stopped,
        export|import|upload|download|sync|checkout|login does|do|is|are|has|have
        nothing|broken|dead|greyed|gone|missing|disappeared|vanished|stopped, does nothing, nothing happens,
        press|tap|click * nothing, button|buttons|link|links|toggle|menu|filter|filters
        doesn't|don't|won't|isn't|aren't|not|stopped|keeps|fails|broken|failing,
        search|form|notifications|bluetooth|camera|microphone|gps|widget
        doesn't|don't|won't|isn't|aren't|not|stopped|keeps|fails|broken|failing,
        scanner|keyboard|subtitles|calendar|export|import|upload|download
        doesn't|don't|won't|isn't|aren't|not|stopped|keeps|fails|broken|failing,
        sync|checkout|login|app|website|site|page|update
        doesn't|don't|won't|isn't|aren't|not|stopped|keeps|fails|broken|failing,
        not|stopped|doesn't|don't|isn't|won't|stops
        syncing|sync|saving|save|refreshing|refresh|downloading|download|install,
        not|stopped|doesn't|don't|isn't|won't|stops
        installing|upload|uploading|pair|pairing|load|display|displaying|render, fails|failed to
        load|open|save|upload|sync|connect|start|install|update|download|pair|submit|process, out of sync,
        sync|syncing|connectivity|compatibility|login|bluetooth|pairing|software|loading
        issue|issues|problem|problems|error, basket|cart empties|emptied|disappears|resets, empties my basket|cart,
        after|since * update|updating|upgrade|upgrading, latest|last|new|newest|recent * update|version|release|patch
        broke|broken|ruined|crashes|drains|slow|bugs|unusable|wiped|deleted, update|upgrade|patch
        broke|bricked|killed|ruined|wiped|messed|deleted, bricked, roll back, rollback, on
        ios|android|firefox|safari|chrome|windows * crashes|broken|blank|freezes|fails|nothing,
        loses|drops|dropping|dropped|losing connection|signal|bluetooth|wifi|pairing,
        connection|audio|sound|video|signal|bluetooth drops|dropped|cuts|stutters|lags, cuts|cutting|drops out, no
        sound|audio|picture, flickers, flickering, stutters, stuttering, lags, reboots, restarts
        itself|randomly|every, resets itself|every, reset itself, drains my|the battery, battery drain, duplicate
        entries|orders|notifications, shows|showing|displays|showed the wrong, wrong timezone|time zone,
        broken|dead|expired link|links|page|image|images, not|doesn't|isn't|don't|aren't|won't
        showing|show|appear|appearing, lost|deleted|wiped|erased|loses all|my *
        progress|photos|data|settings|saves|playlists|notes|files, disappeared|vanished from *
        app|list|account|screen|library, overlaps, overlapping text, corrupted, memory leak, redirects|redirected
        me|to|back""",
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
        you should have a|an|some|more, you guys should, you need to add, should consider, consider adding,
        could you add, can you add, how about adding, hope you add, hope you bring, feature request,
        a suggestion, my suggestion, suggestion for, wish you would, wish you had, wish you'd, wish you could,
        wish you guys, wish there was,
        wish there were, wish they would, wish they had, wish it had, wish it would, wish the app, wish this had,
        if only you, please make it,
        would be a great|nice|useful|helpful|handy|lovely addition|touch|feature|idea|option, would be
        great|nice|lovely|useful|handy|cool|helpful|brilliant|good to have|see|be|get, would be
        handy|useful|lovely|brilliant|perfect|ideal|amazing|fantastic if, would be even|much|so better|easier|nicer
        if|with, would make it|life|things * easier|better|perfect, would improve, would help if, how about
        a|an|making|offering|letting, what about adding|offering, why not add|offer|make|sell|let|have, why don't you
        add|offer|sell|make, could|can|would you|we * an option|version|setting|filter, should come with, any plans
        to|for, suggest adding|making|you|a|an|that, feature suggestion|idea, one|small|quick|little|product
        suggestion, idea for, here's an idea, i'd|we'd|would love|like an|a option|version|mode|button|size, add
        an|a|more option|options|mode|button|setting|filter|toggle|timer, an option|a way|setting|button to, dark
        mode, let|allow us choose|pick|pay|filter|sort|set|skip|select, only thing missing, one thing missing, could
        do with, wish you|they|it sold|made|came|did|offered|had, i|we wish there was|were, i|we wish
        it|you|they|this had|could|came|would, if you|it|there only added|offered|had, would happily|gladly pay|buy,
        have you considered|thought, ever thought of, thought about|of adding|making|offering, maybe|perhaps
        add|offer a|an, room for improvement""",
    Kind.PRAISE: """
        well done, great job, good job, great work, kudos, hats off, shout out to, shoutout to, made my day,
        keep it up, love it, love you guys, thank you so much, thanks so much, many thanks, highly recommend,
        would recommend, on fire, killed it, killing it, killer, nailed it, crushed it, crushing it, the bomb, so sick,
        sick beat, sick beats, sick track, sick design, best ever, never disappoints, never disappointed,
        never fails to, not disappointed, wasn't disappointed, weren't disappointed, won't be disappointed,
        will not be disappointed, never been disappointed, can't wait, stole the show, stole my heart,
        worth every penny, insanely good, dangerously good, blew up on, to die for, thanks, thank you, thx, awesome,
        amazing, excellent, fantastic, wonderful, perfect, love, loved, loving, great, best, appreciate, appreciated,
        impressed, brilliant, superb, outstanding, delicious, favorite, favourite,
        couldn't have been kinder|nicer|lovelier|friendlier|happier|easier, could not have been
        kinder|nicer|lovelier|friendlier|happier|easier, couldn't have been better, could not have been better""",
    Kind.PROMOTION: """
        check out, please check out, check it out, check me out, check us out, check them out, check this out,
        check my channel, check my page, check my profile, check my bio, check my video, check my videos,
        check my song, check my music, check my cover, check my new, check my newest, check my latest, check my first,
        check my mixtape, check my soundcloud, check my youtube, check my website, check our new, check our newest,
        check our latest, check our page, check our website, check our channel, check out my, check out our,
        check out this, checked out my, subscribe, suscribe, subscribe to my, please subscribe, sub to my, sub to me,
        sub me, sub my, sub 4 sub, sub for sub, sub4sub, sub back, follow me on, follow me at, follow me for,
        follow me back, follow us on, follow us at, follow us for, follow my, follow our, follow this channel,
        follow this page, follow for follow, follow 4 follow, like for like, like 4 like, follow back, followback, f4f,
        l4l, add me on, like and share, like and subscribe, like my page, like our page, like my video,
        like this comment, thumbs up if, vote for me, vote for us, vote for my, my channel, our channel, my youtube,
        my youtube channel, my new video, our new video, my first video, my latest video, watch my video,
        watch my videos, watch my stream, watch my channel, my new song, my new single, my new track, my new album,
        my new ep, my mixtape, my remix, my remixes, my beats, my rap, my soundcloud, listen to my song,
        listen to my new, listen to my cover, my etsy, my onlyfans, stream my, new blog post, new on my blog,
        support my channel, read my book, buy my book, link in bio, link in my bio, link below,
        link in the description, link in my profile, promo code, discount code, coupon code, use my code, use code,
        referral code, my referral link, referral link, affiliate link, free iphone, free ipad, free gift card,
        free gift cards, free giveaway, free followers, buy followers, get followers, more followers, free v bucks,
        free robux, dm me for, dm for promo, dm to order, dm us for, inbox me, whatsapp me, message me on whatsapp,
        text me on, join my channel, join my team, join my group, join my telegram, join our team, join our telegram,
        join our group, sign up now, sign up today, register now, click here, click the link, click this link,
        click on the link, tap the link, visit my page, visit my site, visit my website, visit my blog, visit my shop,
        visit my channel, visit our website, visit our site, visit our page, visit our store, visit our shop,
        go to my channel, go to my page, go to my profile, come visit, earn money, earn real money, earn cash,
        earn extra, earn from home, make money online, make money from home, making money online, make extra money,
        make easy money, extra income, passive income, quick cash, quick money, easy money, get rich quick,
        be your own boss, work from home job, work from home jobs, financial freedom, we are hiring, we're hiring,
        now hiring, apply now, apply today, apply here, job alert, job opening, job openings, tweetmyjobs,
        enter to win, retweet to win, rt to win, rt and follow, follow and rt, follow and retweet, chance to win,
        chance of winning, you could win, win an iphone, win a free, giveaway, giveaways, give away alert,
        crypto giveaway, airdrop, airdrops, token presale, free mint, nft drop, trading signals, crypto signals,
        forex signals, forex trading, forex trader, bitcoin mining, bitcoin investment, crypto investment,
        binary options, double your money, double your income, double your bitcoin, guaranteed profit,
        guaranteed profits, guaranteed returns, recovery expert, limited time offer, limited offer, offer ends,
        while stocks last, while supplies last, buy now, buy now at, shop now, order now, order yours today,
        order yours now, get yours now, get yours today, grab yours, available now at, available now on, out now on,
        pre order now, best prices, lowest prices, best deals, great deals on, my kickstarter, our kickstarter,
        indiegogo, my patreon, gofundme, go fund me,
        killer|crazy|unbeatable|hot deal|deals|offer|offers|discount|discounts""",
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
        garbage collection, garbage can, trash can,
        a check out, the check out, at check out, self check out, online check out, early check out, late check out,
        your check out, during check out, on check out, before check out, after check out, tried to check out,
        trying to check out, try to check out, had to check out, wanted to check out, went to check out,
        time to check out, able to check out, we check out, i check out, cannot check out, can't check out,
        couldn't check out, could not check out, won't check out, check out time, check out times, check out process,
        check out page, check out button, check out queue, check out line, check out lines, check out desk,
        check out counter, check out staff, check out is, check out was, check out fails, check out failed,
        check out error, check out keeps, i subscribe, we subscribe, to subscribe, who subscribe, can't subscribe,
        cannot subscribe, couldn't subscribe, re subscribe, subscribe button, deleted my channel, banned my channel,
        suspended my channel, hacked my channel, lost my channel, buy now button, order now button, please follow back,
        follow back so, follow me back so, follow my case, follow our case, follow my order,
        no smoke without fire, smoke and mirrors, smoking hot, bleeding edge|love|heart, my heart melted, melted in
        my|your mouth, fell on deaf ears, no sharp edges, not dangerous, isn't dangerous, not a hazard, never felt
        unsafe, dangerously close, choked up, nose bled, no allergens, nothing broken, smooth criminal, fake
        news|tan|eyelashes|nails|fur|leather|plants|flowers, not fake, isn't fake, knock it off, robbed of sleep, hit
        and run single, sued for joy, should be illegal, so good * illegal, court side, dance in court,
        supreme|royal|high court, on my|the own merits, goodbye party|kiss, goodbye yellow, stay away from home, end
        of the season, no crash|crashes|freezing|lag|lags|error|errors, never freezes|crashed, freezing
        cold|rain|weather|temperatures|outside|fog|point, gate crashed, crashed out|at, trial and error, human error,
        blank page in|of, a white page of, out of sync with,
        complaint|complaints form|procedure|process was|is * easy|quick|simple|clear|smooth|painless,
        when|after i|i'd|we|she|he lost my|our|her|his
        purse|wallet|phone|keys|key|passport|glasses|hat|coat|umbrella|ring|dog|cat|way|mum|dad|voice,
        never|haven't|hadn't|didn't|not had|have|having a|any|an problem|problems|issue|issues|trouble|complaint,
        never|haven't|hadn't|didn't|not had|have|having a single|slight problem|issue|complaint, never|haven't|not had
        problems|issues|trouble, charged|charging|charges * twice as
        fast|quick|quickly|often|long, took|taken|taking|take|takes * twice as|a|daily, paid * twice as,
        paid * twice the price,
        called me a|an taxi|cab|uber|ambulance|doctor|day|few|couple|lot|bit|week|month|minute|second|hour|number|star,
        called me a|an hero|legend|friend|genius|queen|king|princess|while|darling|lift|good|lovely|nice|great|valued,
        not|wasn't|isn't injured, series|string|spate|number of injuries, struggling with injuries|injury, injury
        crisis|blow|worry|prone|hit|plagued|scare""",
}

# Signs that people also mention when they are content ("thanks for the quick refund"): standing alone among words of
# thanks or praise they are no evidence.
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

LANGUAGE = Language(name="English", code="en", phrases=_PHRASES, weak=_WEAK, has_scorer=True)
