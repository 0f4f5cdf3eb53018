"""What Typeform is answered by the running program: it sends again, for hours, whatever it does not like to hear."""

import json
from pathlib import Path

from tests.bot.running import CONFIG, HOOK_SECRET, running
from tests.bot.sources.test_form_presets import asked, signature, typeform

FORM = CONFIG.replace('secret_env = "DESK_SECRET"', 'secret_env = "DESK_SECRET"\npreset = "typeform"')
ANSWER = typeform(asked("f1", "What went wrong?", "long_text", "text", "Heron lost my suitcase, I am furious"))
MENTIONS = "select count(*) from mentions"


async def test_a_form_is_taken_in_once_and_every_repeat_is_told_that_all_is_well(tmp_path: Path) -> None:
    async with running(tmp_path, config=FORM) as opened:
        body = json.dumps(ANSWER).encode()
        told = {"Content-Type": "application/json", **signature("typeform", body, HOOK_SECRET)}

        async def post(body: bytes, headers: dict[str, str]) -> int:
            async with opened.client.post("/hooks/desk", data=body, headers=headers) as answer:
                return answer.status

        assert [await post(body, told) for _ in range(3)] == [202, 200, 200]
        assert await opened.value(MENTIONS) == 1
        assert await post(body.replace(b"furious", b"pleased"), told) == 401
        empty = json.dumps(typeform() | {"event_id": "01HANOTHERONE"}).encode()
        assert await post(empty, told | signature("typeform", empty, HOOK_SECRET)) == 202
        assert await opened.value(MENTIONS) == 1
