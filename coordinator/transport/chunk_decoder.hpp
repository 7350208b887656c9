#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace escrow::transport {

/// Reads a body in the chunked coding (RFC 9112, 7.1), in pieces of any size and without buffering. Of our own because
/// Beast's asserts, and with it ends the process, when an empty body arrives byte by byte; and stricter: no white space
/// around sizes. Extensions are skipped; trailers are checked for form and dropped.
class ChunkDecoder {
 public:
  enum class State { reading, complete, malformed, too_large };

  /// `limit` bounds the size of the body in bytes.
  explicit ChunkDecoder(std::size_t limit = 0) : limit_(limit) {}

  /// Appends what `bytes` hold of the body and returns how many it consumed: all, unless the body ends or breaks there.
  std::size_t feed(std::string_view bytes, std::string& body);
  [[nodiscard]] State state() const { return state_; }

 private:
  enum class Expects { size, more_size, extension, size_lf, content, content_cr, content_lf, trailer, name, value, value_lf, end_lf };

  void take(char c, std::size_t body_size);
  void take_size(char c);
  void chunk_begins(std::size_t body_size);
  void end(State state) { state_ = state; }

  std::size_t limit_;
  State state_ = State::reading;
  Expects expects_ = Expects::size;
  std::uint64_t left_ = 0;   // of the current chunk
  std::size_t framing_ = 0;  // bytes of the current size line, or of all trailers
};

}  // namespace escrow::transport
