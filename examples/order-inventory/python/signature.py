"""Whether a call comes from the coordinator: docs/protocol.md, section 4.1, in Python's standard library (HMAC only, which it has)."""
import base64, hashlib, hmac, re

def refusal(secrets, method, target, headers, body, now, tolerance=300, called_as=(), initiators=()):
    """Why the call is refused, or None. `secrets`: whsec_... of now and, while they change, of before; `headers.get` ignores case in a server.
    `called_as`: host and port as URLs name this service, else Host is believed; `initiators`: secrets that count for action and try alone."""
    names = [name.lower() for name, _ in headers.items()]
    if any(names.count(name) > 1 for name in names if name.startswith(("escrow-", "webhook-", "idempotency-", "host"))):
        return "a header that says whose call it is comes twice"
    identity = [headers.get("Escrow-" + name) or "" for name in ("Gid", "Branch", "Operation", "Phase")]
    hosts = [host.lower() for host in called_as or [headers.get("Host") or ""]]
    if re.search("[\r\n]", method + hosts[0] + target + "".join(identity)):
        return "a line ends where none can"
    if headers.get("Idempotency-Key") not in (None, "/".join(filter(None, identity[:3]))):  # not signed: computed from what is
        return "an Idempotency-Key of another call"
    calls = ["call_" + hashlib.sha256("\n".join(["escrow-call-1", method, host, target, *identity]).encode()).hexdigest() for host in hosts]
    call = headers.get("webhook-id")
    if call not in calls:
        return "not signed, or signed for another call"
    timestamp, signatures = headers.get("webhook-timestamp") or "", (headers.get("webhook-signature") or "").split(" ")
    if not re.fullmatch("[0-9]{1,12}", timestamp) or len(signatures) > 16:
        return "webhook-timestamp or webhook-signature is malformed"
    is_forward = identity[2] in ("action", "try") and identity[3] == "forward"
    for secret in [*secrets, *(initiators if is_forward else ())]:
        code = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), f"{call}.{timestamp}.".encode() + body, hashlib.sha256).digest()
        if any(hmac.compare_digest(b"v1," + base64.b64encode(code), given.encode()) for given in signatures):
            break
    else:
        return "no signature of a secret that is known here"
    if abs(now - int(timestamp)) > tolerance:
        return f"signed {now - int(timestamp):.0f} s ago, {tolerance} s are allowed: a replay, or the clocks differ"
