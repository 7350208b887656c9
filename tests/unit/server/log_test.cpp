#include "coordinator/server/log.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <sstream>
#include <string>

using namespace escrow::server;

namespace {

/// A pipe that a test reads when it wants to.
class Pipe {
 public:
  Pipe() { REQUIRE(::pipe2(ends_.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    ::close(ends_[0]);
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] int writer() const { return ends_[1]; }
  void close_writer() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }
  /// Everything up to the end; close the writer first.
  std::string read_all() {
    std::string out;
    std::array<char, 4'096> buffer{};
    for (ssize_t count = ::read(ends_[0], buffer.data(), buffer.size()); count > 0;
         count = ::read(ends_[0], buffer.data(), buffer.size())) {
      out.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return out;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

}  // namespace

TEST_CASE("log lines are JSON objects with their fields", "[server][log]") {
  Pipe pipe;
  {
    Logger logger(pipe.writer(), LogLevel::info);
    logger.warning("limits lowered", {{"descriptors", std::int64_t{7}}, {"who", "a\"b\n"}, {"sure", true}});
    logger.write(LogLevel::debug, "not wanted");
    logger.info("second");
  }
  pipe.close_writer();
  std::istringstream lines(pipe.read_all());
  std::string line;
  REQUIRE(std::getline(lines, line));
  const auto first = nlohmann::json::parse(line);
  CHECK(first.at("level") == "warning");
  CHECK(first.at("event") == "limits lowered");
  CHECK(first.at("descriptors") == 7);
  CHECK(first.at("who") == "a\"b\n");
  CHECK(first.at("sure") == true);
  REQUIRE(std::getline(lines, line));
  CHECK(nlohmann::json::parse(line).at("event") == "second");
  CHECK_FALSE(std::getline(lines, line));
}

TEST_CASE("J13 a log that nobody reads drops lines and never holds anybody up", "[server][log]") {
  Pipe pipe;
  std::uint64_t dropped = 0;
  {
    Logger logger(pipe.writer(), LogLevel::info, 10'000);
    for (int i = 0; i < 20'000; ++i) logger.info("a line that fills the pipe and then the queue");
    dropped = logger.dropped();
    CHECK(dropped > 10'000);
  }  // ends although the pipe is still full
  CHECK(dropped < 20'000);
}
