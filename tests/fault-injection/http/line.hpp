#pragma once

#include "tests/fault-injection/http/operation.hpp"

#include <boost/asio/buffer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace escrow::http_faults {

/// A connection in memory: two directions, each with a window, an end, and whoever waits for it. Both ends may be sockets of the product;
/// or one of them is the test, which says byte by byte what happens.
class Line {
 public:
  using Failure = boost::system::error_code;

  /// What side `from` has sent and the other one has not read.
  [[nodiscard]] const std::string& unread(int from) const { return ways_[index(from)].bytes; }
  /// How many bytes side `from` has sent so far.
  [[nodiscard]] std::uint64_t sent(int from) const { return ways_[index(from)].sent; }
  [[nodiscard]] bool is_ended(int from) const { return ways_[index(from)].ended; }
  [[nodiscard]] bool is_reset() const { return reset_; }
  [[nodiscard]] bool is_closed(int side) const { return closed_[index(side)]; }

  /// So many bytes of side `from` may be on their way at once; what comes on top waits.
  void set_window(int from, std::size_t bytes);
  /// Takes what side `from` has sent.
  std::string take(int from);

  void read(int side, boost::asio::mutable_buffer into, std::unique_ptr<Operation> operation);
  void write(int side, std::vector<boost::asio::const_buffer> buffers, std::unique_ptr<Operation> operation);
  void send(int side, std::string_view bytes);
  /// Side `from` sends nothing more.
  void end(int from);
  /// Everything that was on its way is gone, and both ends learn it.
  void reset();
  void close(int side);
  /// Whoever waits at this side stops waiting.
  void abort(int side);
  void abort_read(int side);
  void abort_write(int side);
  [[nodiscard]] bool has_nothing_to_read(int side) const;

 private:
  struct Way {
    std::string bytes;
    std::uint64_t sent = 0;
    std::size_t window = std::size_t{1} << 18;
    bool ended = false;
    boost::asio::mutable_buffer reading;
    std::unique_ptr<Operation> reader;
    std::vector<boost::asio::const_buffer> writing;
    std::unique_ptr<Operation> writer;
  };

  static std::size_t index(int side) { return static_cast<std::size_t>(side); }
  void settle(Way& way, int from);
  void settle();

  std::array<Way, 2> ways_;
  std::array<bool, 2> closed_{};
  bool reset_ = false;
};

}  // namespace escrow::http_faults
