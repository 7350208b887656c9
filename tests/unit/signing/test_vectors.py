"""docs/signing-vectors.json judged without a line or a library of ours: HMAC by Python, Ed25519 by RFC 8032's formulas, and by the openssl
program where there is one. test_vectors.py ROOT
"""
import base64
import email.message
import hashlib
import hmac
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(ROOT / "examples" / "order-inventory" / "python"))
from signature import refusal  # the recipe for other languages, as the documents print it

# --- Ed25519, RFC 8032, 5.1: slow and plain ----------------------------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    """Two points in affine coordinates on the curve -x^2 + y^2 = 1 + d x^2 y^2."""
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P, (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P)


def times(n, point):
    result = (0, 1)
    while n:
        if n & 1:
            result = add(result, point)
        point, n = add(point, point), n >> 1
    return result


def x_of(y, odd):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != odd else x


BASE = (x_of(4 * pow(5, P - 2, P) % P, 0), 4 * pow(5, P - 2, P) % P)


def compress(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def expand(data):
    number = int.from_bytes(data, "little")
    y = number & ((1 << 255) - 1)
    x = x_of(y, number >> 255)
    return None if y >= P or x is None else (x, y)


def number_of(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % Q


def sign(seed, message):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
    public = compress(times(scalar, BASE))
    nonce = number_of(digest[32:], message)
    r = compress(times(nonce, BASE))
    return r + ((nonce + number_of(r, public, message) * scalar) % Q).to_bytes(32, "little"), public


def verifies(public, message, signature):
    r, a, s = expand(signature[:32]), expand(public), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or r is None or a is None or s >= Q:
        return False
    return times(s, BASE) == add(r, times(number_of(signature[:32], public, message), a))


def openssl_verifies(public, message, signature):
    with tempfile.TemporaryDirectory() as folder:
        names = {name: pathlib.Path(folder) / name for name in ("key", "message", "signature")}
        # The SubjectPublicKeyInfo of RFC 8410 is this head and the 32 bytes.
        names["key"].write_bytes(bytes.fromhex("302a300506032b6570032100") + public)
        names["message"].write_bytes(message)
        names["signature"].write_bytes(signature)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names["key"], "-rawin", "-in", names["message"],
                   "-sigfile", names["signature"]]
        return subprocess.run(command, capture_output=True).returncode == 0


# --- the vectors -------------------------------------------------------------------------------------------------------

FILE = json.loads((ROOT / "docs" / "signing-vectors.json").read_text(encoding="utf-8"))
KEYS = FILE["keys"]


def key_bytes(text):
    return base64.b64decode(text.split("_", 1)[1], validate=True)


def content(call):
    headers = call["headers"]
    return f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + call["body"].encode()


def check_accepted(call):
    headers = call["headers"]
    assert "call_" + hashlib.sha256(call["id_text"].encode()).hexdigest() == headers["webhook-id"]
    lines = ["escrow-call-1", call["method"], headers["Host"].lower(), call["target"],
             *(headers.get(name, "") for name in ("Escrow-Gid", "Escrow-Branch", "Escrow-Operation", "Escrow-Phase"))]
    assert call["id_text"] == "\n".join(lines)
    signatures = headers["webhook-signature"].split(" ")
    assert len(signatures) == len(call["signed_with"])
    for name, signature in zip(call["signed_with"], signatures):
        version, text = signature.split(",")
        given, key = base64.b64decode(text, validate=True), key_bytes(KEYS[name]["signs"])
        if version == "v1":
            assert given == hmac.new(key, content(call), hashlib.sha256).digest()
            continue
        assert version == "v1a"
        expected, public = sign(key, content(call))
        assert public == key_bytes(KEYS[name]["verifies"])
        assert given == expected and verifies(public, content(call), given)
        if shutil.which("openssl"):
            assert openssl_verifies(public, content(call), given)
            assert not openssl_verifies(public, content(call) + b"x", given)


def check_recipe(call, is_right):
    """The recipe knows HMAC only; what an HMAC can't refuse or accept is not asked of it."""
    secrets = [KEYS[name]["verifies"] for name in call["keys"] if name.startswith("hmac")]
    if not secrets or "v1," not in call["headers"].get("webhook-signature", "v1,"):
        return 0
    why = refusal(secrets, call["method"], call["target"], call["headers"], call["body"].encode(), FILE["now_s"],
                  initiators=[KEYS[name]["verifies"] for name in call.get("forward_keys", ())])
    assert (why is None) == is_right, f"{call['name']}: {why}"
    return 1


def check_what_only_a_server_sees():
    """Headers that come twice, and one that is not signed, changed on the way; each with a signature that is right."""
    call = FILE["accepted"][0]
    gid, branch, operation = (call["headers"]["Escrow-" + name] for name in ("Gid", "Branch", "Operation"))

    def why(*more, **changed):
        headers = email.message.Message()
        for name, value in [*{**call["headers"], **changed}.items(), *more]:
            headers[name] = value
        return refusal([KEYS["hmac"]["verifies"]], call["method"], call["target"], headers, call["body"].encode(), FILE["now_s"])

    assert why() is None
    assert why(("Idempotency-Key", f"{gid}/{branch}/{operation}"), ("Accept", "a"), ("Accept", "b")) is None
    for key in ("", f"{gid}/{branch}/compensate", f"{gid}/{branch}/{operation}x"):
        assert "Idempotency-Key" in why(("Idempotency-Key", key)), key
    key = ("Idempotency-Key", f"{gid}/{branch}/{operation}")
    assert "twice" in why(key, key)
    for name, value in call["headers"].items():
        assert "twice" in why((name, value)) and "twice" in why((name.upper(), "other")), name
    check = next(call for call in FILE["accepted"] if call["headers"]["Escrow-Operation"] == "check")
    headers = {**check["headers"], "Idempotency-Key": check["headers"]["Escrow-Gid"] + "/check"}
    secrets = [key["verifies"] for name, key in KEYS.items() if name.startswith("hmac")]
    assert refusal(secrets, check["method"], check["target"], headers, check["body"].encode(), FILE["now_s"]) is None
    at = dict(method=call["method"], target=call["target"], body=call["body"].encode(), now=FILE["now_s"])
    mine, theirs = {**call["headers"], "Host": "127.0.0.1:9"}, {**call["headers"], "Host": "pay.example"}
    assert refusal(secrets, headers=mine, called_as=["old.example", "Stock.example"], **at) is None
    assert refusal(secrets, headers=mine, **at) and refusal(secrets, headers=theirs, called_as=["pay.example"], **at)
    assert refusal(secrets, headers=call["headers"], called_as=["pay.example"], **at)
    in_a_dict = {**call["headers"], "Escrow-Gid": gid + "\nanything"}
    assert refusal([KEYS["hmac"]["verifies"]], call["method"], call["target"], in_a_dict, call["body"].encode(), FILE["now_s"])


def main():
    # RFC 8032, 7.1, the second test: the formulas above must be right before they judge anything.
    seed = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    signature, public = sign(seed, b"\x72")
    assert public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert signature.hex().startswith("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da")
    assert verifies(public, b"\x72", signature) and not verifies(public, b"\x73", signature)

    asked = 0
    for call in FILE["accepted"]:
        check_accepted(call)
        asked += check_recipe(call, True)
    for call in FILE["refused"] + FILE["rightly_signed_and_refused"]:
        asked += check_recipe(call, False)
    assert asked >= 30, asked
    check_what_only_a_server_sees()
    print(f"{len(FILE['accepted'])} accepted, {len(FILE['refused'])} refused, {asked} by the recipe")


main()
