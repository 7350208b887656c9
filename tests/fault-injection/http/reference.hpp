#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// HTTP/1.1 messages read in the slow and obvious way, a whole text at a time, after RFC 9112 and docs/protocol.md alone: what the
/// product's parsers are held against. It shares nothing with them.
namespace escrow::http_faults {

enum class End {
  complete,    ///< the message has ended
  incomplete,  ///< more may come
  malformed,
  header_too_large,
  body_too_large,
};

struct ReadLimits {
  std::size_t header_bytes = 65536;
  std::size_t body_bytes = 1048576;
};

struct ReadRequest {
  End end = End::incomplete;
  /// Of the message, once complete.
  std::size_t size = 0;
  bool has_head = false;
  std::string method;
  std::string target;
  std::string body;
  bool keeps_alive = false;
  bool expects_continue = false;
};

struct ReadAnswer {
  End end = End::incomplete;
  std::size_t size = 0;
  /// How many interim answers came before it.
  int interim = 0;
  int status = 0;
  std::string body;
  bool keeps_alive = false;
  bool is_chunked = false;
};

/// The first request in `bytes`.
[[nodiscard]] ReadRequest read_request(std::string_view bytes, const ReadLimits& limits = {});

/// The first answer in `bytes`, interim ones skipped. `has_ended`: the peer has closed its side behind them.
[[nodiscard]] ReadAnswer read_answer(std::string_view bytes, bool has_ended, bool to_head, const ReadLimits& limits = {});

}  // namespace escrow::http_faults
