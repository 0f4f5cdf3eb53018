"""What Bluesky says of two notifications, and the mentions in it."""

import json
from datetime import UTC, datetime

from storage.types import RawMention

SAMPLE = json.dumps(
    {
        "notifications": [
            {
                "uri": "at://did:plc:jo5eph/app.bsky.feed.post/3lbbbbbbbbb2a",
                "cid": "bafyreib2",
                "author": {"did": "did:plc:jo5eph", "handle": "jo.example.org", "displayName": "Jo"},
                "reason": "mention",
                "record": {
                    "$type": "app.bsky.feed.post",
                    "text": "@lamps.example.com my Aurelia flickers. Is that a known fault? blog.example/aurelia…",
                    "langs": ["en"],
                    "createdAt": "2026-11-20T09:00:00.000Z",
                    "facets": [
                        {
                            "index": {"byteStart": 0, "byteEnd": 18},
                            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:lamps"}],
                        },
                        {
                            "index": {"byteStart": 63, "byteEnd": 87},
                            "features": [
                                {
                                    "$type": "app.bsky.richtext.facet#link",
                                    "uri": "https://blog.example/aurelia-flickers",
                                }
                            ],
                        },
                    ],
                },
                "isRead": False,
                "indexedAt": "2026-11-20T09:00:01.250Z",
            },
            {
                "uri": "at://did:plc:ana/app.bsky.feed.post/3laaaaaaaaa2a",
                "cid": "bafyreia1",
                "author": {"did": "did:plc:ana", "handle": "ana.bsky.social"},
                "reason": "reply",
                "record": {
                    "$type": "app.bsky.feed.post",
                    "text": "Love mine!",
                    "createdAt": "2026-11-20T08:00:00.000Z",
                    "reply": {
                        "root": {"uri": "at://did:plc:lamps/app.bsky.feed.post/3l22222222222", "cid": "bafyreir0"},
                        "parent": {"uri": "at://did:plc:lamps/app.bsky.feed.post/3l22222222222", "cid": "bafyreir0"},
                    },
                    "embed": {
                        "$type": "app.bsky.embed.images",
                        "images": [{"alt": "An Aurelia lamp on a desk", "image": {}}],
                    },
                },
                "isRead": True,
                "indexedAt": "2026-11-20T08:00:00.500Z",
            },
        ]
    }
).encode()
EXPECTED = [
    RawMention(
        native_id="at://did:plc:ana/app.bsky.feed.post/3laaaaaaaaa2a",
        text="Love mine!",
        url="https://bsky.app/profile/ana.bsky.social/post/3laaaaaaaaa2a",
        author="ana.bsky.social",
        published_at=datetime(2026, 11, 20, 8, 0, tzinfo=UTC),
        extra={"pictures": "An Aurelia lamp on a desk"},
        reply_ref=json.dumps(
            {
                "uri": "at://did:plc:ana/app.bsky.feed.post/3laaaaaaaaa2a",
                "cid": "bafyreia1",
                "root": {"uri": "at://did:plc:lamps/app.bsky.feed.post/3l22222222222", "cid": "bafyreir0"},
                "reason": "reply",
            }
        ),
    ),
    RawMention(
        native_id="at://did:plc:jo5eph/app.bsky.feed.post/3lbbbbbbbbb2a",
        text="@lamps.example.com my Aurelia flickers. Is that a known fault? blog.example/aurelia…",
        url="https://bsky.app/profile/jo.example.org/post/3lbbbbbbbbb2a",
        author="jo.example.org",
        author_name="Jo",
        published_at=datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
        lang="en",
        extra={"links": "https://blog.example/aurelia-flickers"},
        reply_ref=json.dumps(
            {
                "uri": "at://did:plc:jo5eph/app.bsky.feed.post/3lbbbbbbbbb2a",
                "cid": "bafyreib2",
                "root": None,
                "reason": "mention",
            }
        ),
    ),
]
