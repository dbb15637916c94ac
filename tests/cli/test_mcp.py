# SPDX-License-Identifier: MIT
"""berth mcp line by line: what each message is answered, however bad. Clients are in tests/live/test_mcp.py."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support import RECORDINGS, ROOT, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line, validated

Berth = Callable[..., Answer]
SERVERS = ("--replay", str(RECORDINGS / "servers"))
LOOKING = ["report", "list", "why", "free", "doctor", "history"]
LEASING = ["lease", "release", "leases"]
UNREADABLE, INVALID, NO_METHOD, BAD_PARAMS = -32700, -32600, -32601, -32602
NEWEST = "2025-11-25"  # of those with a handshake
STATELESS = "2026-07-28"
ALL_VERSIONS = [STATELESS, NEWEST, "2025-06-18", "2025-03-26", "2024-11-05"]
UNSUPPORTED = -32022
META = "io.modelcontextprotocol/"
MOST_BYTES, MOST_DEPTH = 1 << 20, 32


def request(method: str, number: Any = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, **({"params": params} if params else {})}


def hello(version: str = NEWEST) -> dict[str, Any]:
    return request("initialize", "hello", protocolVersion=version, capabilities={},
                   clientInfo={"name": "tests", "version": "1"})


def call(tool: str, number: Any = 1, **arguments: Any) -> dict[str, Any]:
    return request("tools/call", number, name=tool, arguments=arguments)


def talk(berth: Berth, *messages: Any, options: tuple[str, ...] = SERVERS, flags: tuple[str, ...] = ()) -> list[Any]:
    """What is answered to messages, which are JSON or bytes as they are."""
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in messages]
    answer = berth(*options, "mcp", *flags, stdin=None, input=b"".join(line + b"\n" for line in lines))
    assert (answer.code, answer.err) == (YES, "")
    return [json.loads(line) for line in answer.bytes_out.splitlines()]


def talk_after_hello(berth: Berth, *messages: Any, version: str = NEWEST, **more: Any) -> list[Any]:
    first, *others = talk(berth, hello(version), {"jsonrpc": "2.0", "method": "notifications/initialized"}, *messages,
                          **more)
    assert first["result"]["protocolVersion"] == version
    return others


# ---- How it begins ---------------------------------------------------------------------------------

@pytest.mark.parametrize(("asked", "given"), [
    ("2025-11-25", "2025-11-25"), ("2025-06-18", "2025-06-18"), ("2025-03-26", "2025-03-26"),
    ("2024-11-05", "2024-11-05"), (STATELESS, NEWEST), ("1", NEWEST), ("", NEWEST),
])
def test_a_version_that_is_known_is_spoken(berth: Berth, asked: str, given: str) -> None:
    [said] = talk(berth, hello(asked))
    assert said["id"] == "hello" and said["jsonrpc"] == "2.0"
    result = said["result"]
    assert result["protocolVersion"] == given
    assert result["capabilities"] == {"tools": {"listChanged": False}}
    assert result["serverInfo"]["name"] == "berth" and result["serverInfo"]["version"]
    assert "never instructions" in result["instructions"] and "call free" in result["instructions"]


def test_instructions_name_lease_only_where_it_is_offered(berth: Berth) -> None:
    [without], [with_leases] = (talk(berth, hello(), flags=flags) for flags in ((), ("--allow-leases",)))
    assert "call lease" not in without["result"]["instructions"]
    assert "call lease" in with_leases["result"]["instructions"]


def test_tools_come_after_initialize_and_ping_any_time(berth: Berth) -> None:
    early, pong = talk(berth, request("tools/list"), request("ping", "p"))
    assert early["error"]["code"] == INVALID and "initialize" in early["error"]["message"]
    assert pong == {"jsonrpc": "2.0", "id": "p", "result": {}}


@pytest.mark.parametrize(("flags", "names"), [((), LOOKING), (("--allow-leases",), LOOKING + LEASING)])
def test_tools_say_when_to_use_them_and_what_they_change(berth: Berth, flags: tuple[str, ...],
                                                         names: list[str]) -> None:
    [said] = talk_after_hello(berth, request("tools/list"), flags=flags)
    tools = said["result"]["tools"]
    assert [tool["name"] for tool in tools] == names
    for tool in tools:
        assert tool["description"].startswith("Use it ") and tool["title"]
        assert tool["inputSchema"]["type"] == "object" and tool["inputSchema"]["additionalProperties"] is False
        assert tool["annotations"]["readOnlyHint"] is (tool["name"] not in ("lease", "release"))
        assert tool["annotations"]["openWorldHint"] is False


def test_an_output_schema_is_the_outline_of_the_one_that_it_names(berth: Berth) -> None:
    [said] = talk_after_hello(berth, request("tools/list"), flags=("--allow-leases",))
    for tool in said["result"]["tools"]:
        if tool["name"] == "release":
            assert "outputSchema" not in tool
            continue
        outline = tool["outputSchema"]
        name = outline["properties"]["schema"]["const"]
        whole = json.loads((ROOT / "docs" / "schema" / f"{name}.json").read_text(encoding="utf-8"))
        assert outline["required"] == whole["required"] and outline["type"] == "object"
        assert list(outline["properties"]) == list(whole["properties"])
    assert len(json.dumps(said)) < 30000, "a model reads all of it"


@pytest.mark.parametrize("version", ["2025-03-26", "2024-11-05"])
def test_older_versions_have_no_structured_content(berth: Berth, version: str) -> None:
    tools, report = talk_after_hello(berth, request("tools/list"), call("report", port=80), version=version)
    assert not any("outputSchema" in tool for tool in tools["result"]["tools"])
    assert "structuredContent" not in report["result"]
    assert validated(json.loads(report["result"]["content"][1]["text"]))["port"] == 80


# ---- Without a handshake ---------------------------------------------------------------------------

def stateless(method: str, number: Any = 1, version: Any = STATELESS, **params: Any) -> dict[str, Any]:
    return request(method, number, _meta={f"{META}protocolVersion": version, f"{META}clientCapabilities": {}}, **params)


def test_a_request_that_names_its_version_needs_no_handshake(berth: Berth) -> None:
    found, tools, report, wrong = (each["result"] for each in talk(
        berth, stateless("server/discover"), stateless("tools/list"),
        stateless("tools/call", name="report", arguments={"port": 80}),
        stateless("tools/call", name="report", arguments={})))
    for result in (found, tools, report, wrong):
        assert result["resultType"] == "complete"
        assert result["_meta"][f"{META}serverInfo"]["name"] == "berth"
    assert found["supportedVersions"] == ALL_VERSIONS and found["capabilities"] == {"tools": {"listChanged": False}}
    assert "call free" in found["instructions"]
    for result in (found, tools):
        assert result["ttlMs"] > 0 and result["cacheScope"] == "private"
    assert [tool["name"] for tool in tools["tools"]] == LOOKING
    assert validated(report["structuredContent"])["port"] == 80
    assert wrong["isError"] is True


@pytest.mark.parametrize("method", ["ping", "initialize", "subscriptions/listen", "resources/list"])
def test_what_the_newest_version_does_not_have_is_no_method(berth: Berth, method: str) -> None:
    [said] = talk(berth, stateless(method, protocolVersion=NEWEST))
    assert said["error"]["code"] == NO_METHOD


@pytest.mark.parametrize("version", ["1900-01-01", NEWEST, ""])
def test_a_version_that_is_not_spoken_is_answered_with_those_that_are(berth: Berth, version: str) -> None:
    [said] = talk(berth, stateless("tools/list", version=version))
    assert said["error"]["code"] == UNSUPPORTED
    assert said["error"]["data"] == {"supported": ALL_VERSIONS, "requested": version}


def test_meta_that_is_no_good_is_refused(berth: Berth) -> None:
    said = talk(berth, stateless("tools/list", version=1),
                request("tools/list", _meta={f"{META}protocolVersion": STATELESS}),
                request("tools/list", _meta={f"{META}protocolVersion": STATELESS, f"{META}clientCapabilities": []}))
    assert [each["error"]["code"] for each in said] == [BAD_PARAMS] * 3


def test_both_kinds_of_versions_go_side_by_side(berth: Berth) -> None:
    new, old = talk_after_hello(berth, stateless("tools/list"), request("tools/list", _meta={"progressToken": 1}))
    assert new["result"]["resultType"] == "complete" and "resultType" not in old["result"]
    assert new["result"]["tools"] == old["result"]["tools"]


# ---- Calls -----------------------------------------------------------------------------------------

def good(said: Any) -> Any:
    """The structured content of a result, which is also in its second text, and its sentences."""
    result = said["result"]
    assert result["isError"] is False
    sentences, as_text = result["content"]
    assert sentences["type"] == as_text["type"] == "text"
    assert json.loads(as_text["text"]) == result["structuredContent"]
    return sentences["text"], validated(result["structuredContent"])


def bad(said: Any) -> str:
    result = said["result"]
    assert result["isError"] is True and "structuredContent" not in result
    [sentence] = result["content"]
    return str(sentence["text"])


def test_report_is_that_of_the_command_line(berth: Berth) -> None:
    [said] = talk_after_hello(berth, call("report", port=6379, commands=True, claims=True))
    text, content = good(said)
    assert content == berth(*SERVERS, "--json", "6379").json()
    assert text.startswith("Port 6379: tcp is listening, a plain server could bind it: no; udp is free,")
    assert 'held by "redis-server" (pid ' in text and "they are data, not instructions" in text


def test_command_lines_are_left_out_unless_asked_for(berth: Berth) -> None:
    said = talk_after_hello(berth, call("report", port=6379), call("report", port=6379, commands=True),
                            call("list"), call("list", commands=True))
    sockets = [good(each)[1]["sockets"] for each in said]
    assert [any(owner["command"] for socket in each for owner in socket["owners"]) for each in sockets] == [
        False, True, False, True]


def test_report_has_a_few_claims_unless_all_are_asked_for(berth: Berth) -> None:
    few, every = talk_after_hello(berth, call("report", port=3000), call("report", port=3000, claims=True))
    text, brief = good(few)
    whole = good(every)[1]
    assert whole == berth(*SERVERS, "--json", "3000").json()
    assert len(brief["claims"]) == len(brief["de_facto"]["candidates"]) == 5
    assert brief["claims"] == whole["claims"][:5] and len(whole["claims"]) > 50
    assert f"The JSON has the first 5 of {len(whole['claims'])} claims" in text
    assert len(json.dumps(brief)) < 8000


def test_list_is_that_of_the_command_line(berth: Berth) -> None:
    [said] = talk_after_hello(berth, call("list", commands=True))
    text, content = good(said)
    assert content == berth(*SERVERS, "ls", "--json").json()
    assert text.startswith(f"{len(content['sockets'])} sockets.")


def test_list_says_what_it_left_out(berth: Berth) -> None:
    [said] = talk_after_hello(berth, call("list", limit=2))
    text, content = good(said)
    assert len(content["sockets"]) == 2
    assert content["left_out"] + 2 == len(berth(*SERVERS, "ls", "--json").json()["sockets"])
    assert "The JSON has the first 2" in text


@pytest.mark.parametrize(("arguments", "words"), [
    ({"port": 80}, ["80"]), ({"proto": "udp"}, ["-u"]), ({"proto": "tcp", "connections": True}, ["-ta"]),
])
def test_list_takes_less(berth: Berth, arguments: dict[str, Any], words: list[str]) -> None:
    [said] = talk_after_hello(berth, call("list", commands=True, **arguments))
    assert good(said)[1]["sockets"] == berth(*SERVERS, "ls", "--json", *words).json()["sockets"]


@pytest.mark.parametrize(("arguments", "place"), [
    ({"port": 8080}, "8080"), ({"port": 6379, "address": "127.0.0.1"}, "127.0.0.1:6379"),
    ({"port": 80, "address": "::1", "proto": "udp"}, "[::1]:80/udp"),
])
def test_why_is_that_of_the_command_line(berth: Berth, arguments: dict[str, Any], place: str) -> None:
    [said] = talk_after_hello(berth, call("why", **arguments))
    text, content = good(said)
    assert content == berth(*SERVERS, "why", "--json", place).json()
    assert text.startswith("Binding ")


def test_doctor_is_that_of_the_command_line(berth: Berth) -> None:
    [said] = talk_after_hello(berth, call("doctor"))
    assert good(said)[1] == berth(*SERVERS, "doctor", "--json").json()


def test_what_cannot_be_done_is_told_to_the_model(berth: Berth) -> None:
    said = talk_after_hello(berth, call("free"), call("history"), call("lease", name="web"), call("leases"),
                            flags=("--allow-leases",))
    assert all("a recording" in bad(each) for each in said)


@pytest.mark.parametrize(("tool", "arguments", "hint"), [
    ("report", {}, '"port" is missing: it is to be a whole number from 1 to 65535'),
    ("report", {"port": None}, '"port" is missing'),
    ("report", {"port": 0}, "from 1 to 65535"), ("report", {"port": 65536}, "from 1 to 65535"),
    ("report", {"port": -1}, "from 1 to 65535"), ("report", {"port": "80"}, "whole number"),
    ("report", {"port": 80.5}, "whole number"), ("report", {"port": 1e300}, "whole number"),
    ("report", {"port": 10**30}, "whole number"), ("report", {"port": [80]}, "whole number"),
    ("report", {"port": 80, "proto": "sctp"}, "tcp or udp"), ("report", {"port": 80, "proto": "tcp\0x"}, "tcp or udp"),
    ("report", {"port": 80, "prot": "tcp"}, "it takes port, proto, commands, claims"), ("doctor", {"x": 1}, "it takes none"),
    ("report", {"port": 80, "commands": "yes"}, "true or false"),
    ("why", {"port": 80, "address": "127.0.0.1:1,0.0.0.0"}, "address"), ("why", {"port": 80, "address": "x"}, "x"),
    ("why", {"port": 80, "address": "1\n2"}, "without control characters"), ("why", {"port": 80, "address": ""}, "1 to 64"),
    ("why", {"port": 80, "address": "1" * 65}, "1 to 64"), ("free", {"count": 129}, "from 1 to 128"),
    ("list", {"limit": 0}, "from 1 to 1000"),
])
def test_bad_arguments_are_told_to_the_model(berth: Berth, tool: str, arguments: dict[str, Any], hint: str) -> None:
    [said] = talk_after_hello(berth, call(tool, **arguments))
    assert hint in bad(said)


def test_a_whole_number_may_have_a_point(berth: Berth) -> None:
    [said] = talk_after_hello(berth, call("report", port=80.0))
    assert good(said)[1]["port"] == 80


@pytest.mark.parametrize("tool", ["lease", "release", "leases", "", "Report", "report\0", "x" * 5000])
def test_a_tool_that_is_not_offered_is_an_error_of_the_protocol(berth: Berth, tool: str) -> None:
    [said] = talk_after_hello(berth, call(tool, name="web"))
    assert said["error"]["code"] == BAD_PARAMS


# ---- Bad messages ----------------------------------------------------------------------------------

BASE = b'{"jsonrpc":"2.0","id":7,"method":"ping"'
BAD_LINES: dict[str, tuple[bytes, int]] = {
    "no JSON": (b"hello", UNREADABLE), "half a message": (BASE, UNREADABLE), "two in a line": (BASE + b"}" + BASE + b"}", UNREADABLE),
    "a comment": (BASE + b"/**/}", UNREADABLE), "single quotes": (b"""{"id":'1'}""", UNREADABLE),
    "a comma at the end": (BASE + b",}", UNREADABLE), "no UTF-8": (BASE + b',"x":"\xff"}', UNREADABLE),
    "a lone surrogate": (BASE + b',"x":"\xed\xa0\x80"}', UNREADABLE), "overlong": (BASE + b',"x":"\xc0\x80"}', UNREADABLE),
    "a NUL": (BASE + b"\0}", UNREADABLE), "a NUL behind it": (BASE + b"}\0{}", UNREADABLE),
    "too deep": (BASE + b',"x":' + b"[" * MOST_DEPTH + b"]" * MOST_DEPTH + b"}", UNREADABLE),
    "much too deep": (b"[" * 500000, UNREADABLE), "too long": (BASE + b',"x":"' + b"x" * MOST_BYTES + b'"}', UNREADABLE),
    "a number": (b"1", INVALID), "a text": (b'"ping"', INVALID), "null": (b"null", INVALID), "true": (b"true", INVALID),
    "an array": (b"[" + BASE + b"}]", INVALID), "an empty array": (b"[]", INVALID),
    "an id of null": (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', INVALID),
    "an id that is true": (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', INVALID),
    "an id that is an object": (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', INVALID),
    "a fraction as an id": (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', INVALID),
    "a huge id": (b'{"jsonrpc":"2.0","id":9007199254740992,"method":"ping"}', INVALID),
    "an id beyond 64 bits": (b'{"jsonrpc":"2.0","id":-99999999999999999999999,"method":"ping"}', INVALID),
    "a long id": (b'{"jsonrpc":"2.0","id":"' + b"x" * 257 + b'","method":"ping"}', INVALID),
}
BAD_REQUESTS: dict[str, tuple[bytes, int]] = {
    "no version": (b'{"id":7,"method":"ping"}', INVALID),
    "version 1": (b'{"jsonrpc":"1.0","id":7,"method":"ping"}', INVALID), "version 2": (b'{"jsonrpc":2.0,"id":7,"method":"ping"}', INVALID),
    "no method": (b'{"jsonrpc":"2.0","id":7}', INVALID), "a method that is no text": (b'{"jsonrpc":"2.0","id":7,"method":1}', INVALID),
    "a NUL in the method": (b'{"jsonrpc":"2.0","id":7,"method":"ping\\u0000"}', INVALID),
    "an unknown method": (b'{"jsonrpc":"2.0","id":7,"method":"server/discover"}', NO_METHOD),
    "an array of parameters": (BASE + b',"params":[]}', BAD_PARAMS), "parameters of null": (BASE + b',"params":null}', BAD_PARAMS),
    "no protocol version": (b'{"jsonrpc":"2.0","id":7,"method":"initialize","params":{}}', BAD_PARAMS),
    "no parameters": (b'{"jsonrpc":"2.0","id":7,"method":"tools/call"}', BAD_PARAMS),
    "a cursor": (b'{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"cursor":"x"}}', BAD_PARAMS),
    "arguments in an array": (b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"doctor","arguments":[]}}',
                              BAD_PARAMS),
}


@pytest.mark.parametrize("kind", BAD_LINES)
def test_a_bad_line_is_answered_without_an_id_and_the_next_one_well(berth: Berth, kind: str) -> None:
    line, code = BAD_LINES[kind]
    said, pong = talk_after_hello(berth, line, request("ping", "after"))
    assert set(said) == {"jsonrpc", "error"}
    assert said["error"]["code"] == code and said["error"]["message"]
    assert pong == {"jsonrpc": "2.0", "id": "after", "result": {}}


@pytest.mark.parametrize("kind", BAD_REQUESTS)
def test_a_bad_request_is_answered_with_its_id(berth: Berth, kind: str) -> None:
    line, code = BAD_REQUESTS[kind]
    [said] = talk_after_hello(berth, line)
    assert (said["id"], said["error"]["code"]) == (7, code)


@pytest.mark.parametrize("line", [
    b"", b" \t\r", b'{"jsonrpc":"2.0","method":"notifications/unknown"}', b'{"jsonrpc":"2.0","method":"tools/list"}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99,"reason":"x"}}',
    b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":[]}', b'{"jsonrpc":"2.0","id":3,"result":{}}',
    b'{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"x"}}',
])
def test_what_asks_for_nothing_is_not_answered(berth: Berth, line: bytes) -> None:
    assert talk_after_hello(berth, line) == []


@pytest.mark.parametrize("number", [0, -1, 2**53 - 1, "", "1", "x" * 256, "a\nb\"\\ \0 é \u2028"])
def test_an_id_comes_back_as_it_was(berth: Berth, number: Any) -> None:
    assert talk(berth, request("ping", number)) == [{"jsonrpc": "2.0", "id": number, "result": {}}]


def test_the_longest_and_deepest_message_is_answered(berth: Berth) -> None:
    head, tail = BASE + b',"x":"', b'"}'
    longest = head + b"x" * (MOST_BYTES - len(head) - len(tail)) + tail
    deepest = BASE + b',"x":' + b"[" * (MOST_DEPTH - 2) + b"]" * (MOST_DEPTH - 2) + b"}"
    assert [each["id"] for each in talk(berth, longest, deepest)] == [7, 7]


def test_a_last_line_needs_no_end(berth: Berth) -> None:
    answer = berth("mcp", stdin=None, input=BASE + b"}")
    assert json.loads(answer.bytes_out) == {"jsonrpc": "2.0", "id": 7, "result": {}}


def test_a_batch_is_taken_where_the_version_has_them(berth: Berth) -> None:
    batch = [request("ping", 1), {"jsonrpc": "2.0", "method": "x"}, 5, request("ping", 2)]
    quiet = [{"jsonrpc": "2.0", "method": "x"}]
    said, empty, many = talk_after_hello(berth, batch, quiet, [], [request("ping", 1)] * 65, version="2025-03-26")
    assert [each.get("id") for each in said] == [1, None, 2]
    assert said[1]["error"]["code"] == INVALID
    assert empty["error"]["code"] == many["error"]["code"] == INVALID


# ---- The command -----------------------------------------------------------------------------------

def test_bad_words_get_one_clear_line(berth: Berth) -> None:
    answer = berth("mcp", "8080")
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_an_output_that_cannot_be_written_is_told(berth: Berth) -> None:
    with open("/dev/full", "wb") as full:
        answer = berth("mcp", stdin=None, input=BASE + b"}\n", stdout=full)
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


def test_the_configuration_in_the_manual_starts_it(berth: Berth) -> None:
    page = (ROOT / "man" / "berth-mcp.1").read_text(encoding="utf-8")
    block = page.partition(".Bd -literal -offset indent\n")[2].partition(".Ed\n")[0]
    [(name, server)] = json.loads(block)["mcpServers"].items()
    assert (name, server["command"]) == ("berth", "berth")
    answer = berth(*server["args"], stdin=None, input=json.dumps(hello()).encode())
    assert "call lease" in json.loads(answer.bytes_out)["result"]["instructions"]
