#include "tests/fault-injection/proxy/wire.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "tests/fault-injection/proxy/call.hpp"

namespace escrow::proxy {
namespace {

namespace asio = boost::asio;
constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

}  // namespace

async::Task<bool> read_some(Socket& from, std::string& buffer, bool& was_reset) {
  std::array<char, 16384> bytes{};
  const auto [fault, count] = co_await from.async_read_some(asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
  was_reset = fault && fault != asio::error::eof;
  buffer.append(bytes.data(), count);
  co_return !fault;
}

async::Task<bool> write_all(Socket& to, std::string_view bytes) {
  const auto [fault, count] = co_await asio::async_write(to, asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
  co_return !fault && count == bytes.size();
}

void reset_socket(Socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

void close_socket(Socket& socket) {
  boost::system::error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
  socket.close(ignored);
}

void close_write(Socket& socket) {
  boost::system::error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
}

Passing::Passing(const Passage& passage, std::size_t head_size, std::uint64_t seed)
    : cut_at_(passage.cut ? passage.cut->at.within(head_size) : never), pace_(passage.pace), seed_(seed) {
  if (!passage.garble) return;
  garble_at_ = passage.garble->at.within(head_size);
  garble_bytes_ = passage.garble->bytes;
}

void Passing::garble(std::string& bytes) const {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t place = sent_ + i;
    if (place < garble_at_ || place - garble_at_ >= garble_bytes_) continue;
    const std::uint64_t drawn = Hash().add(seed_).add(place).value();
    // Never the same byte again.
    bytes[i] = static_cast<char>(static_cast<unsigned char>(bytes[i]) ^ (1U + drawn % 255U));
  }
}

async::Task<Passing::Went> Passing::send(Socket& to, std::string bytes, asio::steady_timer& timer) {
  garble(bytes);
  const std::size_t room = cut_at_ == never ? never : cut_at_ - sent_;
  const bool is_cut = bytes.size() >= room;
  bytes.resize(std::min(bytes.size(), room));
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const std::size_t some = pace_ ? std::min(pace_->bytes, rest.size()) : rest.size();
    const bool went = co_await write_all(to, rest.substr(0, some));
    if (!went) co_return Went::nowhere;
    sent_ += some;
    rest.remove_prefix(some);
    if (!pace_ || rest.empty()) continue;
    timer.expires_after(pace_->every);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return is_cut ? Went::to_the_cut : Went::on;
}

}  // namespace escrow::proxy
