#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <future>
#include <sstream>

#include "tests/integration/security/guarded_coordinator.hpp"

using namespace escrow::testing;

/// `escrowd token`: what an operator does first.
namespace {

FinishedProcess token(const TemporaryDirectory& directory, std::vector<std::string> flags) {
  flags.insert(flags.begin(), {ESCROWD, "token"});
  return run_to_end(flags, directory.path());
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

mode_t mode_of(const std::string& path) {
  struct stat seen{};
  REQUIRE(::stat(path.c_str(), &seen) == 0);
  return seen.st_mode & 0777U;
}

}  // namespace

TEST_CASE("a token is made, printed once and lets its principal in", "[security][token]") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/tokens.yaml";
  const auto made = token(directory, {"--name", "shop", "--role", "initiate", "--append", file});
  INFO(made.errors);
  REQUIRE(made.status == 0);
  const auto lines = lines_of(made.output);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].starts_with("esc_"));
  CHECK(mode_of(file) == 0600);
  CHECK(read_file(file).find(lines[0]) == std::string::npos);
  // A second one for the same name, so that it can be replaced without a gap; the file keeps its mode.
  REQUIRE(::chmod(file.c_str(), 0640) == 0);
  const auto second = token(directory, {"--name", "shop", "--role", "initiate", "--append", file});
  REQUIRE(second.status == 0);
  CHECK(mode_of(file) == 0640);
  CHECK(second.output != made.output);

  write_file(directory.path() + "/escrow.yaml", "auth.tokens_file: " + file + "\n");
  const EscrowdProcess escrowd(ESCROWD, directory.path(), {"--config", directory.path() + "/escrow.yaml"});
  for (const auto& output : {made.output, second.output})
    CHECK(send_http(escrowd.port(), "GET", "/v1/info", "", bearer(lines_of(output)[0])).status == 200);
}

TEST_CASE("tokens that are added at once are all in the file, and a link to it stays one", "[security][token]") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/real.yaml";
  const std::string link = directory.path() + "/tokens.yaml";
  REQUIRE(token(directory, {"--name", "first", "--role", "read", "--append", file}).status == 0);
  REQUIRE(::symlink(file.c_str(), link.c_str()) == 0);
  // What a run left behind that was killed.
  write_file(file + ".new", "half of");
  std::vector<std::future<FinishedProcess>> runs;
  for (int i = 0; i < 12; ++i) {
    runs.push_back(std::async(std::launch::async, [&, i] {
      return token(directory, {"--name", "many" + std::to_string(i), "--role", "read", "--append", i % 2 == 0 ? link : file});
    }));
  }
  for (auto& run : runs) CHECK(run.get().status == 0);
  const std::string text = read_file(file);
  CHECK(text.find("name: first\n") != std::string::npos);
  for (int i = 0; i < 12; ++i) CHECK(text.find("name: many" + std::to_string(i) + "\n") != std::string::npos);
  struct stat seen{};
  REQUIRE(::lstat(link.c_str(), &seen) == 0);
  CHECK(S_ISLNK(seen.st_mode));
  CHECK(::access((file + ".new").c_str(), F_OK) != 0);
}

TEST_CASE("without a file the entry is printed, and without a name only the hash", "[security][token]") {
  const TemporaryDirectory directory;
  const auto entry = token(directory, {"--name", "ann@example.com", "--role", "operate", "--expires-at", "2027-01-31T00:00:00Z"});
  REQUIRE(entry.status == 0);
  const auto lines = lines_of(entry.output);
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].starts_with("esc_"));
  CHECK(lines[1] == "- name: ann@example.com");
  CHECK(lines[2] == "  roles: [operate]");
  CHECK(lines[3].starts_with("  hash: sha256:"));
  CHECK(lines[4] == "  expires_at: 2027-01-31T00:00:00Z");
  const auto bare = token(directory, {});
  CHECK(lines_of(bare.output).size() == 2);
}

TEST_CASE("a few tokens come from the environment and are shown nowhere", "[security][token]") {
  const TemporaryDirectory directory;
  const auto made = lines_of(token(directory, {}).output);
  REQUIRE(made.size() == 2);
  const std::string start = directory.path() + "/start.sh";
  write_file(start, "#!/bin/sh\nESCROW_AUTH_TOKENS=shop:read:" + made[1] + " exec " + ESCROWD + " \"$@\"\n");
  REQUIRE(::chmod(start.c_str(), 0700) == 0);
  const EscrowdProcess escrowd(start, directory.path());
  CHECK(send_http(escrowd.port(), "GET", "/v1/info").status == 401);
  const HttpMessage info = send_http(escrowd.port(), "GET", "/v1/info", "", bearer(made[0]));
  CHECK(info.status == 200);
  CHECK(info.body.find(made[1].substr(7)) == std::string::npos);
  CHECK(info.body.find(R"({"key":"auth.tokens","value":"***","is_default":false})") != std::string::npos);
}

TEST_CASE("what can not be a token or an entry is refused with exit status 2", "[security][token]") {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/tokens.yaml";
  CHECK(token(directory, {"--name", "shop"}).status == 2);
  CHECK(token(directory, {"--name", "shop", "--role", "root"}).status == 2);
  CHECK(token(directory, {"--name", "two words", "--role", "read"}).status == 2);
  CHECK(token(directory, {"--name", "shop", "--role", "read", "--expires-at", "soon"}).status == 2);
  CHECK(token(directory, {"--role", "read", "--append", file}).status == 2);
  write_file(file, "what is this\n");
  REQUIRE(::chmod(file.c_str(), 0600) == 0);
  CHECK(token(directory, {"--name", "shop", "--role", "read", "--append", file}).status == 2);
  CHECK(read_file(file) == "what is this\n");
  const auto hashed = run_to_end({"/bin/sh", "-c", "echo short | " + std::string(ESCROWD) + " token --hash"}, directory.path());
  CHECK(hashed.status == 2);
  CHECK(hashed.errors.find("short") == std::string::npos);
}
