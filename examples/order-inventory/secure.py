"""What `demo.py --secure` switches on: an authority for one demo, certificates, tokens, signing keys, and the configuration that names them.

Everything lies in one folder here; in earnest each file is its service's own. After the demo it knocks on every door without what opens it.
"""

import base64
import json
import os
import pathlib
import secrets
import ssl
import subprocess
import urllib.error
import urllib.request

# Each program has an address of its own, so that each destination has its own secret.
ADDRESSES = {"escrowd": "127.0.0.1", "order": "127.0.0.2", "inventory": "127.0.0.3", "payment": "127.0.0.4", "shop": None, "demo": None, "auditor": None}
# The services ask which barrier rows may go; payment also starts messages.
ROLES = {"order": "read", "inventory": "read", "payment": "initiate", "shop": "initiate", "demo": "operate", "auditor": "admin"}
SERVICES = ("order", "inventory", "payment")
DAYS = 2


class Secure:
    def __init__(self, folder, escrowd):
        self.folder = folder / "secure"
        self.folder.mkdir(mode=0o700)
        self.escrowd = escrowd
        self.make_certificates()
        self.make_keys()
        self.make_tokens()
        self.config = self.write("escrow.yaml", f"""\
auth: {{tokens_file: {self.folder}/tokens.yaml}}
tls:
  certificate_file: {self.folder}/escrowd.pem
  key_file: {self.folder}/escrowd.key
  client_ca_file: {self.folder}/ca.pem
  require_client_certificate: true
targets:
  credentials_file: {self.folder}/credentials.yaml
  allow: ["127.0.0.0/8"]
  deny: ["127.0.0.1"]
secrets:
  payload_members: [customer]
""")
        self.context = ssl.create_default_context(cafile=self.folder / "ca.pem")
        self.context.load_cert_chain(self.folder / "demo.pem", self.folder / "demo.key")
        self.headers = {"Authorization": "Bearer " + (self.folder / "demo.token").read_text().strip()}

    def write(self, name, text):
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def openssl(self, *arguments, **more):
        return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, cwd=self.folder, **more).stdout

    def make_certificates(self):
        fresh = ("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", DAYS)
        self.openssl(*fresh, "-subj", "/CN=authority of one demo", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", "ca.key", "-out", "ca.pem")
        for name, address in ADDRESSES.items():
            names = f"DNS:{name}.demo" + (f",IP:{address}" if address else "")
            self.openssl(*fresh, "-CA", "ca.pem", "-CAkey", "ca.key", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}",
                         "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth,clientAuth",
                         "-keyout", f"{name}.key", "-out", f"{name}.pem")
        for key in self.folder.glob("*.key"):
            key.chmod(0o600)

    def make_keys(self):
        """The coordinator shares a secret with each service; the shop, which calls `try` itself, signs with an Ed25519 key of its own."""
        self.openssl("genpkey", "-algorithm", "ed25519", "-out", "shop.ed25519")
        private = self.openssl("pkey", "-in", "shop.ed25519", "-outform", "DER")[-32:]
        public = self.openssl("pkey", "-in", "shop.ed25519", "-pubout", "-outform", "DER")[-32:]
        self.write("shop.signing", "whsk_" + base64.b64encode(private).decode() + "\n")
        entries = ""
        for name in SERVICES:
            secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
            self.write(f"{name}.verify", f"{secret}  # the coordinator's\nforward whpk_{base64.b64encode(public).decode()}  # the shop's, for the calls that it makes itself\n")
            entries += (f"- match: {ADDRESSES[name]}\n  ca_file: {self.folder}/ca.pem\n  certificate_file: {self.folder}/escrowd.pem\n"
                        f"  key_file: {self.folder}/escrowd.key\n  signing: [{{id: {name}-1, secret: {secret}}}]\n")
        self.write("credentials.yaml", entries)

    def make_tokens(self):
        self.write("tokens.yaml", "")
        for name, role in ROLES.items():
            made = subprocess.run([str(self.escrowd), "token", "--name", name, "--role", role, "--certificate", f"{name}.demo", "--append",
                                   str(self.folder / "tokens.yaml")], check=True, capture_output=True, text=True).stdout
            self.write(f"{name}.token", made.strip() + "\n")

    def describe(self):
        roles = ", ".join(f"{name} {role}" for name, role in ROLES.items())
        return [f"tokens, each bound to a certificate: {roles}", "TLS on every hop, with an authority made for this demo, and client certificates everywhere",
                "calls signed: HMAC with one secret for each service, Ed25519 by the shop for the calls it makes itself",
                "targets: nothing but 127.0.0.0/8, and not the coordinator itself",
                "the customer in payloads: shown to the role admin, *** for everybody else"]

    def knock(self, urls):
        """What was let in or shown that should not have been, after trying it at every door."""
        plain = ssl.create_default_context(cafile=self.folder / "ca.pem")
        body = json.dumps({"number": 1, "customer": "customer-1", "sku": "sku-1", "count": 1, "amount": 1}).encode()
        call = {"Content-Type": "application/json", "Escrow-Gid": "forged", "Escrow-Branch": "b", "Escrow-Operation": "action", "Escrow-Phase": "forward"}
        forged = {**call, "webhook-id": "call_" + "0" * 64, "webhook-timestamp": "1767607200", "webhook-signature": "v1," + "A" * 43 + "="}
        evil = json.dumps({"gid": "evil", "mode": "saga", "branches": [{"id": "b", "action": "https://127.0.0.1:1/"}]}).encode()
        json_type = {"Content-Type": "application/json"}
        paths = {"order": "/orders/create", "inventory": "/stock/deduct", "payment": "/payments/charge"}
        tries = [("the coordinator without a token", urls["escrowd"] + "/v1/transactions", self.context, {}, None, 401),
                 ("the coordinator without a client certificate", urls["escrowd"] + "/v1/transactions", plain, self.headers, None, None),
                 ("the coordinator with somebody else's token", urls["escrowd"] + "/v1/transactions", self.context,
                  {"Authorization": "Bearer " + (self.folder / "shop.token").read_text().strip()}, None, 401),
                 ("a call to the coordinator itself", urls["escrowd"] + "/v1/transactions", self.context, {**self.headers, **json_type}, evil, 422)]
        for name, path in paths.items():
            tries += [(f"{name}: a call that nobody signed", urls[name] + path, self.context, call, body, 401),
                      (f"{name}: a call with a made-up signature", urls[name] + path, self.context, forged, body, 401),
                      (f"{name}: no client certificate", urls[name] + path, plain, call, body, None)]
        faults = []
        for what, url, context, headers, sent, expected in tries:
            try:
                with urllib.request.urlopen(urllib.request.Request(url, sent, headers), timeout=10, context=context) as answer:
                    seen = answer.status
            except urllib.error.HTTPError as error:
                seen = error.code
            except OSError:
                seen = None  # turned away before HTTP
            if seen != expected:
                faults.append(f"{what}: answered {seen}, expected {expected or 'no connection'}")
        for name in ("escrowd", *SERVICES):
            try:
                with urllib.request.urlopen("http" + urls[name].removeprefix("https") + "/healthz/live", timeout=10) as answer:
                    faults.append(f"{name} speaks plain HTTP: {answer.status}")
            except OSError:
                pass
        return len(tries) + 4, faults

    def look_for_customers(self, url):
        """How many payloads were looked at, and which of them show a customer to an operator, or hide him from an auditor."""
        def ask(name, target):
            context = ssl.create_default_context(cafile=self.folder / "ca.pem")
            context.load_cert_chain(self.folder / f"{name}.pem", self.folder / f"{name}.key")
            headers = {"Authorization": "Bearer " + (self.folder / f"{name}.token").read_text().strip()}
            with urllib.request.urlopen(urllib.request.Request(url + target, None, headers), timeout=10, context=context) as answer:
                return json.load(answer)

        looked, faults = 0, []
        for transaction in ask("demo", "/v1/transactions?limit=20")["transactions"]:
            gid = transaction["gid"]
            seen = {name: [branch["payload"].get("customer") for branch in ask(name, f"/v1/transactions/{gid}")["branches"]
                           if isinstance(branch.get("payload"), dict) and "customer" in branch["payload"]] for name in ("demo", "auditor")}
            looked += len(seen["demo"])
            faults += [f"{gid} shows an operator the customer {who}" for who in seen["demo"] if who != "***"]
            faults += [f"{gid} hides the customer from an auditor" for who in seen["auditor"] if not str(who).startswith("customer-")]
        return looked, faults if looked else [*faults, "no payload with a customer was found"]

    def leaks(self, folder):
        """Secrets that ended where they do not belong: in logs, in the log of the store, in the services' databases."""
        known = {line.split()[0] for pattern in ("*.token", "*.signing", "*.verify") for path in self.folder.glob(pattern)
                 for line in path.read_text().splitlines() if "whpk_" not in line}
        known = {text.split("_", 1)[1] if text.startswith("wh") else text for text in known}
        return [f"{path.name} holds a secret" for path in pathlib.Path(folder).iterdir() if path.is_file() and os.access(path, os.R_OK)
                if any(secret.encode() in path.read_bytes() for secret in known)]
