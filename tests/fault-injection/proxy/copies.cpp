#include "tests/fault-injection/proxy/copies.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/fault-injection/proxy/station.hpp"

namespace escrow::proxy {
namespace {

namespace asio = boost::asio;
using SharedCall = std::shared_ptr<const Call>;
using SharedSocket = std::shared_ptr<Socket>;

constexpr Duration patience(60'000);

async::Task<void> finish(Station& station, SharedSocket socket, SharedCall call) {
  asio::steady_timer limit(station.io(), patience);
  limit.async_wait([socket](const boost::system::error_code& fault) {
    if (!fault) reset_socket(*socket);
  });
  std::string bytes;
  bool was_reset = false;
  bool goes_on = true;
  while (goes_on && bytes.find("\r\n\r\n") == std::string::npos && bytes.size() < station.limits().head_bytes) {
    goes_on = co_await read_some(*socket, bytes, was_reset);
  }
  const std::size_t end = bytes.find("\r\n\r\n");
  const auto head = end == std::string::npos ? std::nullopt : answer_head(bytes.substr(0, end + 4));
  if (head) station.record("response", call, "nobody waits for it", head->status);
  close_socket(*socket);
}

async::Task<void> send_copy(Station& station, asio::ip::tcp::endpoint to, SharedCall call, std::string message, Duplicate duplicate,
                            std::uint64_t since) {
  asio::steady_timer timer(station.io());
  const std::function<bool()> is_stopping = [&station] { return station.is_stopping(); };
  co_await wait_until(station.bell(), timer, duplicate.after, is_stopping);
  if (duplicate.hold) {
    Expectation expectation(*duplicate.hold, *call, since);
    const std::function<bool()> is_met = [&] { return station.is_stopping() || expectation.is_met(station.ledger()); };
    co_await wait_until(station.bell(), timer, expectation.patience(), is_met);
  }
  if (station.is_stopping()) co_return;
  auto socket = std::make_shared<Socket>(station.io());
  const auto [fault] = co_await socket->async_connect(to, asio::as_tuple(asio::use_awaitable));
  if (fault) co_return;
  const bool went = co_await write_all(*socket, message);
  if (!went) co_return;
  station.record("copied", call, "", 0, message.size());
  co_await finish(station, std::move(socket), std::move(call));
}

/// Copies and leftovers take places, too; what finds none is not done.
template <class Coroutine>
void in_a_place(Station& station, Coroutine coroutine) {
  asio::co_spawn(station.io(), std::move(coroutine), [&station](const std::exception_ptr&) { station.give_place_back(); });
}

}  // namespace

void send_copies(Station& station, asio::ip::tcp::endpoint to, SharedCall call, std::string message, const Chosen& chosen) {
  for (int i = 0; i < chosen.action.duplicate->copies && station.take_place(); ++i) {
    in_a_place(station, send_copy(station, to, call, message, *chosen.action.duplicate, chosen.since));
  }
}

void let_finish(Station& station, Socket socket, SharedCall call) {
  if (!station.take_place()) return;
  in_a_place(station, finish(station, std::make_shared<Socket>(std::move(socket)), std::move(call)));
}

}  // namespace escrow::proxy
