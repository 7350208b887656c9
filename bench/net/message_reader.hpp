#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace escrow::bench {

/// One HTTP/1.1 message, request or answer, as views into its reader's buffer.
struct Message {
  std::string_view first_line;
  std::string_view head;  ///< the header lines, each with its line end
  std::string_view body;

  /// The status of an answer; 0 when the first line holds none.
  int status() const;
  /// The target of a request; empty when the first line holds none.
  std::string_view target() const;
};

/// Cuts a stream of bytes into messages with Content-Length. What a load generator needs and no more: whoever sends chunks, or
/// anything else that this reader does not know, makes `broken()` true.
class MessageReader {
 public:
  /// At least `room` free bytes to read into. Views of earlier messages end here.
  char* prepare(std::size_t room);
  void commit(std::size_t count) { end_ += count; }

  /// The next whole message; false when more bytes are needed or the stream is broken.
  bool next(Message& message);

  bool broken() const { return broken_; }
  void clear();

 private:
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool broken_ = false;
};

}  // namespace escrow::bench
