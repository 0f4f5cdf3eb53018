"""The kinds of source there are. Each is a file or a folder here, loaded only when a team uses it: some bring a large
library.
"""

KINDS: dict[str, str] = {
    "x": "X: posts that name you, searches, a stream. Every post costs money. Answers by itself where X allows it.",
    "bluesky": "Bluesky: mentions, replies and quotes, and keywords in all public posts. Answers by itself.",
    "mastodon": "Mastodon: mentions of your account, hashtags, a server's search. Answers by itself.",
    "email": "A mailbox: customers' mail, answered in its thread; Google Alerts that come by mail.",
    "feed": "Blogs, news sites and search alerts: one or many feeds, as RSS, Atom or JSON Feed.",
    "news": "News articles all over the world, by Google News and GDELT. No key.",
    "hackernews": "Hacker News: stories and comments that name you. No key.",
    "github": "GitHub: issues, pull requests, discussions and comments that name you. A token is optional.",
    "stackoverflow": "Stack Overflow and its sister sites: questions that name you, and their answers. No key.",
    "webhook": "Whatever can send: feedback forms, Typeform, Tally, Google Forms, a help desk.",
    "file": "A folder of files: notes and transcripts of a call centre, reviews, survey answers, mails.",
    "sample": "A day of an invented brand, replayed. Needs nothing.",
}
