#include "coordinator/server/auth/authenticator.hpp"
#include "coordinator/server/auth/tokens_file.hpp"
#include "coordinator/server/router.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace escrow::server;
using namespace escrow::server::auth;

namespace {

const std::string token = "esc_0123456789abcdefghijklmnopqrstuvwxyz";
const std::string other_token = "esc_zyxwvutsrqponmlkjihgfedcba9876543210";

TokenEntry entry(std::string name, Role role, const std::string& text) {
  TokenEntry out;
  out.name = std::move(name);
  out.role = role;
  out.hash = hash_of(text);
  return out;
}

escrow::transport::Request request(const std::vector<std::string>& authorization, std::vector<std::string> names = {}) {
  escrow::transport::Request out;
  for (const std::string& value : authorization) out.headers.add("Authorization", value);
  if (!names.empty()) {
    escrow::transport::PeerCertificate peer;
    peer.names = std::move(names);
    peer.not_after_ms = 2'000;
    out.peer = std::make_shared<const escrow::transport::PeerCertificate>(std::move(peer));
  }
  return out;
}

/// The time is always 1000.
Authenticator authenticator(std::vector<TokenEntry> entries) {
  Authenticator out([] { return std::int64_t{1'000}; });
  out.replace(TokenTable(std::move(entries)));
  return out;
}

/// The name, or why not.
std::string seen(const Authenticator& authenticator, const escrow::transport::Request& request) {
  const auto known = authenticator.authenticate(request);
  return known ? known->name.value_or("nobody") : std::string(to_string(known.error()));
}

std::string line(const std::string& name, const std::string& roles, const std::string& text) {
  return name + ":" + roles + ":" + to_text(hash_of(text));
}

}  // namespace

TEST_CASE("a token is its hash and nothing shorter than 32 characters is one", "[server][auth]") {
  const std::string made = make_token();
  CHECK(made.starts_with("esc_"));
  CHECK(made.size() == 56);
  CHECK(is_token(made));
  CHECK(made != make_token());
  CHECK(to_text(hash_of("abc")) == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(parse_hash(to_text(hash_of(token))) == hash_of(token));
  for (const char* text : {"", "sha256:", "sha256:00", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                           "sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"})
    CHECK_FALSE(parse_hash(text));
  CHECK(is_token(std::string(32, 'a')));
  CHECK_FALSE(is_token(std::string(31, 'a')));
  CHECK(is_token(std::string(512, 'a')));
  CHECK_FALSE(is_token(std::string(513, 'a')));
  CHECK(is_token(std::string(32, 'a') + "=="));
  for (const char c : {' ', ',', '"', '\t', '\0', '\x7F', '%', '='}) CHECK_FALSE(is_token(std::string(32, 'a') + c + "b"));
  CHECK_FALSE(is_token(std::string(40, '=')));
}

TEST_CASE("hashes that differ in any single bit are told apart", "[server][auth]") {
  const TokenHash hash = hash_of(token);
  CHECK(equal_in_constant_time(hash, hash));
  for (std::size_t bit = 0; bit < 256; ++bit) {
    TokenHash other = hash;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ (1U << bit % 8));
    CHECK_FALSE(equal_in_constant_time(hash, other));
  }
}

TEST_CASE("a request is from whom its token names", "[server][auth]") {
  const Authenticator door = authenticator({entry("shop", Role::initiate, token), entry("ann", Role::admin, other_token)});
  CHECK(seen(door, request({"Bearer " + token})) == "shop");
  CHECK(seen(door, request({"bearer   " + other_token})) == "ann");
  CHECK(door.authenticate(request({"Bearer " + token}))->role == Role::initiate);
  CHECK(seen(door, request({})) == "missing");
  CHECK(seen(door, request({"Bearer " + token + "x"})) == "unknown");
  CHECK(seen(door, request({"Bearer " + to_text(hash_of(token))})) == "malformed");
  for (const std::string& text :
       {std::string(), std::string("Bearer"), std::string("Bearer "), "Basic " + token, token, "Bearer\t" + token, "Bearer " + token + " x",
        "Bearer " + token + ", Bearer " + token, "Bearer token=" + token + ";", std::string("Bearer short")})
    CHECK(seen(door, request({text})) == "malformed");
  CHECK(seen(door, request({"Bearer " + token, "Bearer " + token})) == "malformed");
}

TEST_CASE("where nothing is configured nobody is asked", "[server][auth]") {
  const Authenticator door;
  CHECK(seen(door, request({})) == "nobody");
  CHECK(seen(door, request({"Basic whatever"})) == "nobody");
}

TEST_CASE("a token lets nobody in from the moment it expires", "[server][auth]") {
  TokenEntry old = entry("shop", Role::read, token);
  old.expires_at = 1'000;
  CHECK(seen(authenticator({old}), request({"Bearer " + token})) == "expired");
  old.expires_at = 1'001;
  CHECK(seen(authenticator({old}), request({"Bearer " + token})) == "shop");
}

TEST_CASE("a certificate alone names a principal, and beside a hash both are needed", "[server][auth]") {
  TokenEntry machine;
  machine.name = "machine";
  machine.role = Role::operate;
  machine.certificate = "dns:machine.internal";
  TokenEntry bound = entry("bound", Role::read, token);
  bound.certificate = "dns:bound.internal";
  const Authenticator door = authenticator({machine, bound});
  CHECK(seen(door, request({}, {"dns:machine.internal"})) == "machine");
  CHECK(seen(door, request({}, {"dns:bound.internal"})) == "unknown_certificate");
  CHECK(seen(door, request({})) == "missing");
  CHECK(seen(door, request({"Bearer " + token})) == "certificate");
  CHECK(seen(door, request({"Bearer " + token}, {"dns:machine.internal"})) == "certificate");
  CHECK(seen(door, request({"Bearer " + token}, {"dns:bound.internal"})) == "bound");
  // Whatever other names there are, and wherever it stands among them; but the kind must be the same.
  CHECK(seen(door, request({}, {"dns:x", "uri:y", "dns:machine.internal", "cn:z"})) == "machine");
  CHECK(seen(door, request({}, {"cn:machine.internal"})) == "unknown_certificate");
  // A token that is wrong is not made good by a certificate.
  CHECK(seen(door, request({"Bearer " + other_token}, {"dns:machine.internal"})) == "unknown");
  machine.expires_at = 1'000;
  CHECK(seen(authenticator({machine}), request({}, {"dns:machine.internal"})) == "expired_certificate");
}

TEST_CASE("a certificate that names two principals lets in neither", "[server][auth]") {
  TokenEntry shop;
  shop.name = "shop";
  shop.certificate = "dns:shop";
  TokenEntry ann;
  ann.name = "ann";
  ann.certificate = "uri:spiffe://ann";
  const Authenticator door = authenticator({shop, ann});
  CHECK(seen(door, request({}, {"dns:shop"})) == "shop");
  CHECK(seen(door, request({}, {"dns:shop", "uri:spiffe://ann"})) == "ambiguous_certificate");
}

TEST_CASE("a certificate counts until it ends, and not once its authority is withdrawn", "[server][auth]") {
  TokenEntry shop;
  shop.name = "shop";
  shop.certificate = "dns:shop";
  TokenEntry bound = entry("bound", Role::read, token);
  bound.certificate = "dns:shop";
  const Authenticator door = authenticator({shop, bound});
  for (const bool is_withdrawn : {true, false}) {
    escrow::transport::PeerCertificate peer;
    peer.names = {"dns:shop"};
    peer.not_after_ms = is_withdrawn ? 2'000 : 1'000;  // it is 1000
    peer.is_withdrawn = is_withdrawn;
    for (const bool has_token : {true, false}) {
      auto asked = request(has_token ? std::vector<std::string>{"Bearer " + token} : std::vector<std::string>());
      asked.peer = std::make_shared<const escrow::transport::PeerCertificate>(peer);
      CHECK(seen(door, asked) == (has_token ? "certificate" : "expired_certificate"));
    }
  }
}

TEST_CASE("a name of a certificate has a kind", "[server][auth]") {
  CHECK(certificate_name("Shop.internal") == "dns:shop.internal");
  CHECK(certificate_name("dns:Shop.internal") == "dns:shop.internal");
  CHECK(certificate_name("spiffe://Cluster/shop") == "uri:spiffe://Cluster/shop");
  CHECK(certificate_name("uri:urn:shop") == "uri:urn:shop");
  CHECK(certificate_name("cn:The Shop") == "cn:The Shop");
  for (const char* text : {"", "dns:", "uri:", "cn:", "a\nb"}) CHECK_FALSE(certificate_name(text));
}

TEST_CASE("the tokens file is a list of entries", "[server][auth]") {
  const std::string hash = to_text(hash_of(token));
  const auto entries = parse_tokens_file("- {name: shop, roles: [read, initiate], hash: \"" + hash +
                                         "\"}\n- name: ann@example.com\n  roles: admin\n  certificate: ann.example.com\n"
                                         "  expires_at: 2027-01-31T00:00:00Z\n");
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK((*entries)[0].name == "shop");
  CHECK((*entries)[0].role == Role::initiate);
  CHECK((*entries)[0].hash == hash_of(token));
  CHECK_FALSE((*entries)[0].expires_at);
  CHECK((*entries)[1].role == Role::admin);
  CHECK((*entries)[1].certificate == "dns:ann.example.com");
  CHECK((*entries)[1].expires_at == 1'801'353'600'000);
}

TEST_CASE("every fault of the tokens file is told with its entry, and no hash with it", "[server][auth]") {
  const std::string hash = to_text(hash_of(token));
  const auto faults = [](const std::string& text) {
    const auto parsed = parse_tokens_file(text);
    return parsed ? TokenFaults() : parsed.error();
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), std::string("name: x"), std::string("- x"), std::string("- [x]"), std::string("- {"),
        "- {name: x, hash: \"" + hash + "\"}", "- {roles: read, hash: \"" + hash + "\"}", std::string("- {name: x, roles: read}"),
        "- {name: x y, roles: read, hash: \"" + hash + "\"}", "- {name: x, roles: [], hash: \"" + hash + "\"}",
        "- {name: x, roles: [read, root], hash: \"" + hash + "\"}", "- {name: x, roles: read, hash: " + token + "}",
        "- {name: x, roles: read, hash: \"" + hash + "\", expires: never}", "- {name: x, name: y, roles: read, hash: \"" + hash + "\"}",
        "- {name: x, roles: read, hash: \"" + hash + "\", expires_at: tomorrow}",
        std::string("- {name: x, roles: read, certificate: \"\"}"),
        "- {name: x, roles: read, hash: \"" + hash + "\"}\n- {name: y, roles: read, hash: \"" + hash + "\"}"}) {
    INFO(text);
    const TokenFaults found = faults(text);
    REQUIRE_FALSE(found.empty());
    for (const std::string& fault : found) {
      CHECK(fault.find(hash.substr(10)) == std::string::npos);
      CHECK(fault.find(token) == std::string::npos);
    }
  }
  CHECK(faults("- {name: \"\", roles: read, hash: x}\n- {name: b, roles: root, certificate: c}\n").size() == 3);
}

TEST_CASE("one certificate has one name and one role", "[server][auth]") {
  const auto is_fine = [](const std::string& second) {
    return parse_tokens_file("- {name: shop, roles: admin, certificate: shop.internal}\n" + second).has_value();
  };
  // Whoever adds an entry with less below means to take something away.
  CHECK_FALSE(is_fine("- {name: shop, roles: read, certificate: shop.internal}\n"));
  CHECK_FALSE(is_fine("- {name: other, roles: admin, certificate: shop.internal}\n"));
  CHECK(is_fine("- {name: shop, roles: admin, certificate: shop.internal, expires_at: 2027-01-31T00:00:00Z}\n"));
  CHECK(is_fine("- {name: shop, roles: read, certificate: other.internal}\n"));
  // Beside a hash it is the token that says who comes.
  CHECK(is_fine("- {name: x, roles: read, certificate: shop.internal, hash: \"" + to_text(hash_of(token)) + "\"}\n"));
}

TEST_CASE("a few tokens need no file", "[server][auth]") {
  const auto entries = parse_token_lines({line("shop", "initiate", token), line("ann", "read+admin", other_token)});
  REQUIRE(entries);
  CHECK((*entries)[0].name == "shop");
  CHECK((*entries)[0].role == Role::initiate);
  CHECK((*entries)[1].role == Role::admin);
  CHECK((*entries)[1].hash == hash_of(other_token));
  CHECK_FALSE(parse_token_lines({"shop:initiate"}));
  CHECK_FALSE(parse_token_lines({line("shop", "boss", token)}));
  CHECK_FALSE(parse_token_lines({line("", "read", token)}));
  CHECK_FALSE(parse_token_lines({line("a", "read", token), line("b", "read", token)}));
}

TEST_CASE("every role does what those before it do, and without a name there are none", "[server][auth]") {
  Principal principal;
  CHECK(principal.may(Role::admin));
  principal.name = "ann";
  for (const Role has : {Role::read, Role::initiate, Role::operate, Role::admin}) {
    principal.role = has;
    for (const Role needs : {Role::read, Role::initiate, Role::operate, Role::admin}) CHECK(principal.may(needs) == (has >= needs));
    CHECK(principal.acts_as_operator() == (has >= Role::operate));
    CHECK(role_of(to_string(has)) == has);
  }
  CHECK_FALSE(role_of("root"));
}

TEST_CASE("a hash that a typing error has made part of a name is not told", "[server][auth]") {
  const auto parsed = parse_tokens_file("- {name: shop, roles: read, hash:" + to_text(hash_of(token)) + "}");
  REQUIRE_FALSE(parsed);
  for (const std::string& fault : parsed.error()) CHECK(fault.find("sha256") == std::string::npos);
}
