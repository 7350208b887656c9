#include "tests/unit/transport/server_under_test.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <string>

namespace async = escrow::async;
using namespace escrow::transport;
using namespace escrow::transport::testing;
using escrow::testing::RawSocket;
using namespace std::chrono_literals;

namespace {

/// Streams two chunks, then does what the test wants.
class Streamer {
 public:
  explicit Streamer(boost::asio::io_context& io) : never_(io.get_executor()) {}

  async::Task<Response> handle(Request request) {
    Response response(200);
    response.headers.add("Content-Type", "text/event-stream");
    response.stream = [this, path = request.path](BodyWriter& writer) { return run(path, writer); };
    co_return response;
  }
  void wait_until_ended() { ended_.get_future().get(); }

 private:
  async::Task<> run(std::string path, BodyWriter& writer) {
    struct Ended {
      std::promise<void>& promise;
      ~Ended() { promise.set_value(); }
    };
    const Ended ended{ended_};
    const bool first = co_await writer.write("one");
    const bool empty = co_await writer.write("");
    const bool second = co_await writer.write("two, which is longer");
    if (!first || !empty || !second) throw std::logic_error("a write failed");
    if (path == "/throw") throw std::runtime_error("on purpose");
    if (path == "/wait") co_await never_.wait();
    if (path == "/flood") {
      const std::string chunk(65536, 'x');
      bool taken = true;
      while (taken) taken = co_await writer.write(chunk);
    }
  }

  async::Event never_;
  std::promise<void> ended_;
};

struct StreamingServer {
  std::unique_ptr<Streamer> streamer;
  ServerUnderTest server;

  explicit StreamingServer(ServerLimits limits = {})
      : server([this](Request request) { return streamer->handle(std::move(request)); }, limits) {
    streamer = std::make_unique<Streamer>(server.io());
  }
};

const std::string chunks = "3\r\none\r\n14\r\ntwo, which is longer\r\n";

}  // namespace

TEST_CASE("a stream is sent in chunks and the connection goes on", "[transport][server][stream]") {
  StreamingServer streaming;
  RawSocket client = streaming.server.connect();
  REQUIRE(client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"));
  CHECK(has(client.receive_until("\r\n\r\n"), "\r\nTransfer-Encoding: chunked\r\n"));
  CHECK(client.receive_until("0\r\n\r\n") == chunks + "0\r\n\r\n");
  REQUIRE(client.send("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  CHECK(body_of(client.receive_all()).empty());
}

TEST_CASE("a stream in HTTP 1.0 ends with the connection", "[transport][server][stream]") {
  StreamingServer streaming;
  RawSocket client = streaming.server.connect();
  REQUIRE(client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  const std::string answer = client.receive_all();
  CHECK_FALSE(has(answer, "chunked"));
  CHECK(body_of(answer) == "onetwo, which is longer");
}

TEST_CASE("a stream whose reader hangs up is cancelled", "[transport][server][stream]") {
  for (const bool abruptly : {false, true}) {
    StreamingServer streaming;
    RawSocket client = streaming.server.connect();
    REQUIRE(client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n"));
    CHECK(has(client.receive_until(chunks), chunks));
    if (abruptly) client.reset_on_close();
    client.close();
    streaming.streamer->wait_until_ended();
  }
}

TEST_CASE("a drain ends a stream in order", "[transport][server][stream]") {
  StreamingServer streaming;
  RawSocket client = streaming.server.connect();
  REQUIRE(client.send("GET /wait HTTP/1.1\r\nHost: h\r\n\r\n"));
  CHECK(has(client.receive_until(chunks), chunks));
  std::future<void> drained = streaming.server.drain(1h);
  streaming.streamer->wait_until_ended();
  CHECK(client.receive_all() == "0\r\n\r\n");
  client.close();
  drained.get();
}

TEST_CASE("a stream that throws ends without its last chunk", "[transport][server][stream]") {
  StreamingServer streaming;
  RawSocket client = streaming.server.connect();
  REQUIRE(client.send("GET /throw HTTP/1.1\r\nHost: h\r\n\r\n"));
  CHECK(body_of(client.receive_all()) == chunks);
  CHECK(streaming.server.warnings().size() == 1);
}

TEST_CASE("a stream whose reader is too slow is cut off", "[transport][server][stream]") {
  StreamingServer streaming({.body_timeout = 20ms});
  RawSocket client = streaming.server.connect();
  REQUIRE(client.send("GET /flood HTTP/1.1\r\nHost: h\r\n\r\n"));
  streaming.streamer->wait_until_ended();
}
