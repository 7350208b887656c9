#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "coordinator/async/task.hpp"
#include "tests/fault-injection/proxy/rule.hpp"

/// Bytes on sockets: some of them, all of them, or not quite as they should be.
namespace escrow::proxy {

using Socket = boost::asio::ip::tcp::socket;

/// What arrives next is put behind `buffer`. False: the peer has closed; `was_reset` says how.
[[nodiscard]] async::Task<bool> read_some(Socket& from, std::string& buffer, bool& was_reset);
[[nodiscard]] async::Task<bool> write_all(Socket& to, std::string_view bytes);
/// Closes it so that the peer sees a reset.
void reset_socket(Socket& socket);
void close_socket(Socket& socket);
void close_write(Socket& socket);

/// One message on its way, with what is done to it.
class Passing {
 public:
  /// `head_size` is where its head ends; `seed` says what garbled bytes become.
  Passing(const Passage& passage, std::size_t head_size, std::uint64_t seed);

  enum class Went : std::uint8_t { on, to_the_cut, nowhere };
  /// Sends these bytes, the next ones of the message, as far as the cut. Nowhere: the peer is gone.
  [[nodiscard]] async::Task<Went> send(Socket& to, std::string bytes, boost::asio::steady_timer& timer);
  /// Whether not even the first byte goes.
  [[nodiscard]] bool stops_at_once() const { return cut_at_ == 0; }

 private:
  void garble(std::string& bytes) const;

  std::size_t cut_at_;
  std::size_t garble_at_ = 0;
  std::size_t garble_bytes_ = 0;
  std::optional<Pace> pace_;
  std::uint64_t seed_;
  std::size_t sent_ = 0;
};

}  // namespace escrow::proxy
