"""Whether a call comes from the coordinator: docs/protocol.md, section 4.1, in Python's standard library (HMAC only, which it has)."""
import base64, hashlib, hmac, re

def refusal(secrets, method, target, headers, body, now, tolerance=300):
    """Why the call is refused, or None. `secrets`: whsec_... of now and, while they change, of before; `headers.get` ignores case in a server."""
    names = [name.lower() for name, _ in headers.items()]
    if any(names.count(name) > 1 for name in names if name.startswith(("escrow-", "webhook-", "idempotency-"))):
        return "a header that says whose call it is comes twice"
    identity = [headers.get("Escrow-" + name) or "" for name in ("Gid", "Branch", "Operation", "Phase")]
    if re.search("[\r\n]", method + target + "".join(identity)):
        return "a line ends where none can"
    if headers.get("Idempotency-Key") not in (None, "/".join(filter(None, identity[:3]))):  # not signed: computed from what is
        return "an Idempotency-Key of another call"
    call = "call_" + hashlib.sha256("\n".join(["escrow-call-1", method, target, *identity]).encode()).hexdigest()
    if headers.get("webhook-id") != call:
        return "not signed, or signed for another call"
    timestamp, signatures = headers.get("webhook-timestamp") or "", (headers.get("webhook-signature") or "").split(" ")
    if not re.fullmatch("[0-9]{1,12}", timestamp) or len(signatures) > 16:
        return "webhook-timestamp or webhook-signature is malformed"
    for secret in secrets:
        code = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), f"{call}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        if any(hmac.compare_digest(b"v1," + base64.b64encode(code), given.encode()) for given in signatures):
            break
    else:
        return "no signature of a secret that is known here"
    if abs(now - int(timestamp)) > tolerance:
        return f"signed {now - int(timestamp):.0f} s ago, {tolerance} s are allowed: a replay, or the clocks differ"
