#include "coordinator/server/config_sources.hpp"
#include "coordinator/server/descriptor_limit.hpp"
#include "coordinator/server/settings_table.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>

using namespace escrow::server;

namespace {

std::vector<std::string> keys(const escrow::Result<Config, std::vector<ConfigFault>>& loaded) {
  std::vector<std::string> out;
  if (loaded) return out;
  for (const ConfigFault& fault : loaded.error()) {
    CHECK_FALSE(fault.detail.empty());
    out.push_back(fault.key);
  }
  return out;
}

ConfigSources file(std::string text) {
  ConfigSources sources;
  sources.file_text = std::move(text);
  return sources;
}

using Keys = std::vector<std::string>;

}  // namespace

TEST_CASE("a location is shown without its password", "[server][config]") {
  for (const auto& [location, shown] : std::vector<std::pair<std::string, std::string>>{
           {"sqlite:escrow.db", "sqlite:escrow.db"},
           {"postgres://escrow:s@cr:et@db:5432/escrow", "postgres://escrow:***@db:5432/escrow"},
           {"postgres://escrow@db:5432/escrow", "postgres://escrow@db:5432/escrow"},
           {"postgres://db/escrow?user=a&password=secret&ssl=1", "postgres://db/escrow?user=a&password=***&ssl=1"},
           {"postgres://db:5432/escrow?password=s@cret", "postgres://db:5432/escrow?password=***"}})
    CHECK(without_password(location) == shown);
}

TEST_CASE("without anything the defaults hold", "[server][config]") {
  const auto config = load_config({});
  REQUIRE(config);
  CHECK(config->listen == "127.0.0.1:7400");
  CHECK(config->store_location == "sqlite:escrow.db");
  CHECK(config->http.body_bytes == 1'048'576);
  CHECK(config->http.header_bytes == 65'536);
  CHECK(config->http.connections == 10'000);
  CHECK(config->http.header_timeout.count() == 10'000);
  CHECK(config->http.body_timeout.count() == 30'000);
  CHECK(config->http.idle_timeout.count() == 120'000);
  CHECK(config->engine.branches == 1'000);
  CHECK(config->engine.unfinished_transactions == 10'000'000);
  CHECK(config->engine.calls_per_destination == 256);
  CHECK(config->stream.clients == 256);
  CHECK(config->engine.lazy_flush.count() == 20);
  CHECK(config->retention.count() == 604'800'000);
  CHECK(config->tombstone.count() == 34'560'000'000);
  CHECK(config->shutdown_grace.count() == 10'000);
}

TEST_CASE("flags beat the environment, which beats the file", "[server][config]") {
  ConfigSources sources = file("listen: 127.0.0.1:1\nstore: sqlite:a.db\nlimits: {branches: 1}\n");
  CHECK(load_config(sources)->listen == "127.0.0.1:1");
  sources.environment = {{"ESCROW_LISTEN", "127.0.0.1:2"}, {"ESCROW_LIMITS_BRANCHES", "2"}, {"ESCROW_STORE", "sqlite:b.db"}};
  CHECK(load_config(sources)->listen == "127.0.0.1:2");
  CHECK(load_config(sources)->engine.branches == 2);
  CHECK(load_config(sources)->store_location == "sqlite:b.db");
  sources.flags = {{"listen", "127.0.0.1:3"}, {"store", "sqlite:c.db"}};
  CHECK(load_config(sources)->listen == "127.0.0.1:3");
  CHECK(load_config(sources)->store_location == "sqlite:c.db");
}

TEST_CASE("every setting can be given in the file and in the environment", "[server][config]") {
  const Config defaults;
  for (const Setting& setting : settings()) {
    if (setting.is_never_empty) continue;
    INFO(setting.key);
    const std::string value = setting.get(defaults);
    const std::string text = setting.is_list ? "[]" : value.empty() ? "\"\"" : value;
    CHECK(keys(load_config(file(setting.key + ": " + text + "\n"))).empty());
    ConfigSources sources;
    sources.environment[environment_name(setting.key)] = setting.is_list ? "" : value;
    CHECK(keys(load_config(sources)).empty());
  }
}

TEST_CASE("a setting of the door that is given and empty opens nothing in silence", "[server][config]") {
  const std::string tokens = "auth: {tokens_file: t.yaml, tokens: [a]}\ntls: {certificate_file: c, key_file: k, client_ca_file: a}\n";
  REQUIRE(load_config(file(tokens)));
  for (const char* key : {"auth.tokens_file", "auth.tokens", "tls.certificate_file", "tls.key_file", "tls.client_ca_file"}) {
    INFO(key);
    // A container's variable that nobody has filled, before what the file says.
    ConfigSources sources = file(tokens);
    sources.environment[environment_name(key)] = "";
    CHECK(keys(load_config(sources)) == Keys{environment_name(key)});
    CHECK(keys(load_config(file(std::string(key) + ": ''"))) == Keys{key});
  }
  CHECK(keys(load_config(file("auth.tokens: []"))) == Keys{"auth.tokens"});
  CHECK(keys(load_config(file("auth.tokens: [a, '']"))) == Keys{"auth.tokens"});
  ConfigSources commas;
  commas.environment["ESCROW_AUTH_TOKENS"] = ",";
  CHECK(keys(load_config(commas)) == Keys{"ESCROW_AUTH_TOKENS"});
}

TEST_CASE("lists come from the file and, separated by commas, from the environment", "[server][config]") {
  CHECK(load_config(file("targets: {allow: [pay.example, 10.0.0.0/8]}"))->targets_allow ==
        std::vector<std::string>{"pay.example", "10.0.0.0/8"});
  ConfigSources sources;
  sources.environment["ESCROW_TARGETS_DENY"] = "a.example,b.example";
  CHECK(load_config(sources)->targets_deny == std::vector<std::string>{"a.example", "b.example"});
}

TEST_CASE("each fault of a configuration names its key", "[server][config]") {
  CHECK(keys(load_config(file("limits: {body_byte: 1}"))) == Keys{"limits.body_byte"});
  CHECK(keys(load_config(file("limits.body_bytes: 1"))) == Keys{"limits.body_bytes"});
  CHECK(keys(load_config(file("limits: {body_bytes: many, branches: 0}\ntypo: 1"))) ==
        Keys{"limits.body_bytes", "limits.branches", "typo"});
  CHECK(keys(load_config(file("limits: 5"))) == Keys{"limits"});
  CHECK(keys(load_config(file("listen: [a, b]"))) == Keys{"listen"});
  CHECK(keys(load_config(file("listen:"))) == Keys{"listen"});
  CHECK(keys(load_config(file("log_level: loud"))) == Keys{"log_level"});
  CHECK(keys(load_config(file("retention_ms: 1.5"))) == Keys{"retention_ms"});
  CHECK(keys(load_config(file("node: a\nnode: b"))) == Keys{"node"});
  CHECK(keys(load_config(file("- a"))) == Keys{""});
  CHECK(keys(load_config(file("{"))) == Keys{""});
  CHECK(keys(load_config(file("targets: {allow: ['10.0.0.0/99']}"))) == Keys{"targets.allow"});
  CHECK(keys(load_config(file("tls: {key_file: k.pem}"))) == Keys{"tls.certificate_file"});
  CHECK(keys(load_config(file("targets: {certificate_file: c.pem}"))) == Keys{"targets.key_file"});
  CHECK(keys(load_config(file("tls: {client_ca_file: c.pem}"))) == Keys{"tls.client_ca_file"});
  CHECK(keys(load_config(file("tls: {certificate_file: c, key_file: k, require_client_certificate: true}"))) ==
        Keys{"tls.require_client_certificate"});
  CHECK(load_config(file("tls: {certificate_file: c, key_file: k, client_ca_file: a, require_client_certificate: true}"))
            ->tls.require_client_certificate);
  CHECK(keys(load_config(file("tombstone_ms: 1"))) == Keys{"tombstone_ms"});
  ConfigSources sources;
  sources.environment = {{"ESCROW_LIMITS_BODY_BYTE", "1"}, {"ESCROW_URL", "http://h"}, {"ESCROW_LOG_LEVEL", "x"}};
  CHECK(keys(load_config(sources)) == Keys{"ESCROW_LOG_LEVEL", "ESCROW_LIMITS_BODY_BYTE"});
  ConfigSources flag;
  flag.flags = {{"log_level", "x"}};
  CHECK(keys(load_config(flag)) == Keys{"--log_level"});
}

TEST_CASE("who listens for other machines must say that nobody is asked for a token", "[server][config]") {
  for (const char* listen : {"0.0.0.0:7400", "'[::]:7400'", "10.0.0.1:7400", "coordinator.internal:7400"}) {
    INFO(listen);
    CHECK(keys(load_config(file(std::string("listen: ") + listen))) == Keys{"listen"});
    CHECK(load_config(file(std::string("listen: ") + listen + "\nauth: {insecure: true}")));
  }
  for (const char* listen : {"127.0.0.1:0", "127.0.0.2:7400", "localhost:7400", "'[::1]:7400'"}) {
    INFO(listen);
    CHECK(load_config(file(std::string("listen: ") + listen)));
  }
}

TEST_CASE("limits that do not fit the descriptors are lowered, and others are not", "[server][config]") {
  Config config;
  fit_descriptors(config, 1'048'576);
  CHECK(config.http.connections == Config().http.connections);
  CHECK(config.engine.calls_per_destination == Config().engine.calls_per_destination);
  for (const std::uint64_t descriptors : {1U, 10U, 256U, 1'024U, 4'096U}) {
    Config small;
    fit_descriptors(small, descriptors);
    INFO(descriptors);
    CHECK(small.http.connections >= 1);
    CHECK(small.engine.calls_per_destination >= 1);
    if (descriptors >= 256) CHECK(small.http.connections + small.engine.calls_per_destination + small.calls.idle_total < descriptors);
  }
}

TEST_CASE("docs settings.md is what the table says", "[server][config]") {
  // Set in a shell to write the page anew after a change of the table.
  if (std::getenv("ESCROW_WRITE_DOCUMENTS") != nullptr) std::ofstream(SETTINGS_DOCUMENT) << settings_document();
  std::ifstream page(SETTINGS_DOCUMENT);
  const std::string text((std::istreambuf_iterator<char>(page)), std::istreambuf_iterator<char>());
  CHECK(text == settings_document());
}
