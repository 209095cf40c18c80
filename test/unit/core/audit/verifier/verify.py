#!/usr/bin/env python3
"""A verifier of audit logs, written from docs/audit.md alone; nothing but Python's standard library.

usage: verify.py LOG...      one line of JSON for each: {"valid": true, "size": ..., "head": ..., "root": ..., "key": ...}
A file LOG.note beside it is checked, too.
"""

import base64
import hashlib
import json
import os
import re
import sys

FORMAT = "qp-tunnel-audit/1"
FIELDS = ["timestamp", "action", "status", "message", "user", "details", "correlation_id", "capsule"]
SEAL = ["id", "sequence", "previous_hash", "hash", "signature", "signed_by"]
MAX_LINE = 256 * 1024
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"[1-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", re.ASCII)
UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

# --- Ed25519, RFC 8032 section 5.1
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    e, f = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    g, h = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decode_point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * I % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
seen = {}


def signed(key, message, signature):
    """key and signature in lowercase hex"""
    wanted = (key, message, signature)
    if wanted not in seen:
        seen[wanted] = check_signature(bytes.fromhex(key), message.encode(), bytes.fromhex(signature))
    return seen[wanted]


def check_signature(key, message, signature):
    a, r, s = decode_point(key), decode_point(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = multiply(s, BASE), add(r, multiply(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def usable(key):
    if not isinstance(key, str) or not re.fullmatch("[0-9a-f]{64}", key):
        return False
    point = decode_point(bytes.fromhex(key))
    if point is None:
        return False
    x, y, z, _ = multiply(8, point)
    return not (x % P == 0 and (y - z) % P == 0)  # 8 times a point of small order is the neutral one


# --- canonical JSON
class Refused(Exception):
    pass


def canonical(value, depth=0):
    if depth > 64:
        raise Refused("it is nested too deeply")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str):
        if UNSAFE.search(value):
            raise Refused("a text holds a control character")
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        if abs(value) > 2**53 - 1:
            raise Refused("a number is too large")
        return str(value)
    if isinstance(value, float):
        if value == int(value) or abs(value) < 1e-4:
            raise Refused("a number has no canonical form")
        return repr(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(each, depth + 1) for each in value) + "]"
    if not all(re.fullmatch("[A-Za-z0-9_.-]+", key) for key in value):
        raise Refused("a key is not of A-Z a-z 0-9 _ . -")
    return "{" + ",".join(f'"{key}":{canonical(value[key], depth + 1)}' for key in sorted(value)) + "}"


class Decimal(str):
    """a number that is written with a fraction"""


def written(line):
    members = [f'"{field}":{canonical(line[field])}' for field in FIELDS[:-1]]
    seal = ",".join(f'"{field}":{canonical(line["capsule"][field])}' for field in SEAL)
    return "{" + ",".join(members) + ',"capsule":{' + seal + "}}"


def authority(details):
    given = details.get("authority")
    if isinstance(given, dict) and given.get("type") in ("human_approved", "escalated"):
        return given
    return {
        "type": "autonomous",
        "approver": None,
        "policy_reference": None,
        "chain": [],
        "escalation_reason": None,
    }


def capsule_of(line, log, genesis):
    failed = line["status"] == "failure"
    seal, error = line["capsule"], line["message"] if failed else None
    return {
        "id": seal["id"],
        "type": "system",
        "domain": "qp-tunnel",
        "parent_id": None,
        "sequence": seal["sequence"],
        "previous_hash": seal["previous_hash"],
        "spec_version": "1.0",
        "trigger": {
            "type": "user_request",
            "source": "pulumi",
            "timestamp": line["timestamp"][:-1] + "+00:00",
            "request": line["action"],
            "correlation_id": line["correlation_id"],
            "user_id": line["user"],
        },
        "context": {
            "agent_id": f'{log["project"]}/{log["stack"]}',
            "session_id": None,
            "environment": {
                "format": FORMAT,
                "genesis": genesis,
                "project": log["project"],
                "stack": log["stack"],
                "public_key": log["key"],
            },
        },
        "reasoning": {
            "analysis": "",
            "options": [],
            "options_considered": [],
            "selected_option": "",
            "reasoning": "",
            "confidence": Decimal("0.0"),
            "model": None,
            "prompt_hash": None,
        },
        "authority": authority(line["details"]),
        "execution": {
            "tool_calls": [
                {
                    "tool": line["action"],
                    "arguments": line["details"],
                    "result": None,
                    "success": not failed,
                    "duration_ms": 0,
                    "error": error,
                }
            ],
            "duration_ms": 0,
            "resources_used": {},
        },
        "outcome": {
            "status": line["status"],
            "result": None,
            "summary": line["message"],
            "error": error,
            "side_effects": [],
            "metrics": {},
        },
    }


# --- one line
def demand(condition, problem):
    if not condition:
        raise Refused(problem)


def text_like(value, pattern):
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def parse(data):
    demand(len(data) + 1 <= MAX_LINE, "it is too long")
    try:
        line = json.loads(data.decode("utf-8"), parse_constant=lambda _: 1 / 0)
    except (ValueError, ZeroDivisionError, RecursionError):
        raise Refused("it is not JSON") from None
    demand(isinstance(line, dict) and all(field in line for field in FIELDS), "a member is missing")
    seal = line["capsule"]
    demand(isinstance(seal, dict) and all(field in seal for field in SEAL), "a member of its seal is missing")
    demand(text_like(line["timestamp"], TIME) and not line["timestamp"].endswith(".000000Z"), "its timestamp")
    demand(text_like(line["action"], "[a-z][a-z0-9_-]{0,63}"), "its action")
    demand(line["status"] in ("success", "failure"), "its status")
    demand(isinstance(line["message"], str) and isinstance(line["user"], str), "its message or user")
    demand(isinstance(line["details"], dict), "its details")
    demand(text_like(line["correlation_id"], UUID) and text_like(seal["id"], UUID), "an id")
    demand(isinstance(seal["sequence"], int) and not isinstance(seal["sequence"], bool), "its sequence")
    demand(seal["previous_hash"] is None or text_like(seal["previous_hash"], "[0-9a-f]{64}"), "its previous_hash")
    demand(text_like(seal["hash"], "[0-9a-f]{64}") and text_like(seal["signature"], "[0-9a-f]{128}"), "its seal")
    demand(written(line).encode("utf-8", "surrogatepass") == data, "it is not in the log's canonical encoding")
    return line


def begin(line):
    details = dict(line["details"])
    details.pop("restarted_from", None)
    names = {"format", "project", "stack", "public_key", "hash", "signature"}
    demand(line["action"] == "log_created" and set(details) == names, "it begins no log")
    demand(details["format"] == FORMAT, "its format")
    demand(details["hash"] == "sha3-256" and details["signature"] == "ed25519", "its algorithms")
    demand(usable(details["public_key"]), "its key")
    return {"project": details["project"], "stack": details["stack"], "key": details["public_key"]}


def rotate(line, log, genesis, used):
    details, seal = line["details"], line["capsule"]
    demand(set(details) == {"public_key", "previous_public_key", "proof"}, "its details are not a rotation's")
    new = details["public_key"]
    demand(usable(new) and new not in used and details["previous_public_key"] == log["key"], "the key it names")
    text = f'{FORMAT} key rotation\n{genesis}\n{seal["sequence"]}\n{seal["previous_hash"]}\n{log["key"]}\n{new}\n'
    demand(text_like(details["proof"], "[0-9a-f]{128}") and signed(new, text, details["proof"]), "its proof")
    return new


# --- the whole log
def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while 2 * half < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def verify(data):
    demand(data.endswith(b"\n"), "its last line has no end")
    log, genesis, previous, used, leaves = None, None, None, [], []
    for number, text in enumerate(data[:-1].split(b"\n")):
        try:
            line = parse(text)
            seal = line["capsule"]
            if number == 0:
                log = begin(line)
                used.append(log["key"])
            demand(seal["sequence"] == number and seal["previous_hash"] == previous, "its place in the chain")
            demand(seal["signed_by"] == log["key"][:16], "another key")
            capsule = canonical(capsule_of(line, log, genesis))
            demand(hashlib.sha3_256(capsule.encode()).hexdigest() == seal["hash"], "its hash")
            demand(signed(log["key"], seal["hash"], seal["signature"]), "its signature")
            genesis = genesis or seal["hash"]
            if line["action"] == "log_key_rotated":
                log["key"] = rotate(line, log, genesis, used)
                used.append(log["key"])
            previous = seal["hash"]
            leaves.append(hashlib.sha256(b"\0" + text).digest())
        except Refused as problem:
            raise Refused(f"line {number + 1}: {problem}") from None
    root = base64.b64encode(root_of(leaves)).decode()
    return {"size": len(leaves), "head": previous, "root": root, "genesis": genesis, **log}


def check_note(note, verdict):
    origin = f'qp-tunnel/{verdict["project"]}/{verdict["stack"]}/{verdict["genesis"][:16]}'
    body, _, signatures = note.partition("\n\n")
    demand(body == f'{origin}\n{verdict["size"]}\n{verdict["root"]}', "the note is about another log")
    key_id = hashlib.sha256(origin.encode() + b"\n\1" + bytes.fromhex(verdict["key"])).digest()[:4]
    for line in signatures.splitlines():
        _, name, encoded = line.split(" ")
        decoded = base64.b64decode(encoded)
        if name == origin and decoded[:4] == key_id:
            return demand(signed(verdict["key"], body + "\n", decoded[4:].hex()), "the note's signature")
    raise Refused("the log's key did not sign the note")


for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            verdict = verify(file.read())
        if os.path.exists(path + ".note"):
            with open(path + ".note", encoding="utf-8") as file:
                check_note(file.read(), verdict)
        print(json.dumps({"valid": True, **verdict}))
    except Refused as problem:
        print(json.dumps({"valid": False, "problem": str(problem)}))
