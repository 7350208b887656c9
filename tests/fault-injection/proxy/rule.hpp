#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a rule says: which requests it is for, and what is done to them. docs/fault-proxy.md is the reference of how it is written.
namespace escrow::proxy {

using Duration = std::chrono::milliseconds;

/// Which requests: every member that is given must fit. Texts may hold `*` for any characters.
struct Match {
  std::optional<std::string> link;
  std::optional<std::string> method;
  std::optional<std::string> path;
  std::optional<std::string> gid;
  std::optional<std::string> branch;
  std::optional<std::string> operation;
  std::optional<std::string> phase;
  std::optional<std::int64_t> attempt;
  std::map<std::string, std::string> headers;

  /// Whether it names nothing but the link: what a rule on whole links may say.
  [[nodiscard]] bool is_of_links_only() const {
    return !method && !path && !gid && !branch && !operation && !phase && !attempt && headers.empty();
  }
};

/// Where a message is cut: a number of bytes, the end of its head, or its end.
struct Place {
  enum class Kind : std::uint8_t { bytes, head, all } kind = Kind::bytes;
  std::size_t bytes = 0;

  [[nodiscard]] std::size_t within(std::size_t head_size) const {
    if (kind == Kind::bytes) return bytes;
    return kind == Kind::head ? head_size : std::numeric_limits<std::size_t>::max();
  }
};

/// What happens on the wire, in the order in which it does.
enum class Happened : std::uint8_t { request, forwarded, response, ended };

/// Something that must have happened since the rule was there.
struct Awaited {
  /// Given by whoever steers the proxy; then the rest does not matter.
  std::string signal;
  Happened event = Happened::response;
  /// A gid that is not given is the held request's own; `*` is any. Whatever else is not given may be anything.
  Match match;
  std::optional<int> status;
  int nth = 1;
  /// After this it goes on all the same.
  Duration patience{30'000};
};

struct Delay {
  Duration least{0};
  Duration most{0};
};

/// The bytes before `at` pass, then this happens to the connection that they pass on.
struct Cut {
  enum class How : std::uint8_t { reset, close, stall, half_close } how = How::reset;
  Place at;
};

/// So many bytes at a time.
struct Pace {
  std::size_t bytes = 1;
  Duration every{0};
};

/// Bytes that arrive as others.
struct Garble {
  Place at;
  std::size_t bytes = 1;
};

/// What is done to the bytes of one direction.
struct Passage {
  std::optional<Delay> delay;
  std::optional<Awaited> hold;
  std::optional<Cut> cut;
  std::optional<Pace> pace;
  std::optional<Garble> garble;
  /// They never arrive.
  bool is_lost = false;
  /// They arrive when the rule is gone.
  bool is_clogged = false;
};

/// An answer that the proxy makes up.
struct Said {
  int status = 0;
  std::string reason;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Instead of all that: these bytes.
  std::optional<std::string> raw;
};

struct Duplicate {
  int copies = 1;
  Duration after{0};
  std::optional<Awaited> hold;
};

struct Action {
  Passage request;
  Passage response;
  /// Answered by the proxy; nothing reaches the other side.
  std::optional<Said> answer;
  /// The other side answers, and this arrives.
  std::optional<Said> replacement;
  /// Added to the answer's Content-Length.
  std::optional<int> length_off_by;
  std::optional<Duplicate> duplicate;
  /// Goes behind the next request on the same link, if one comes within this time.
  std::optional<Duration> reorder;
  /// Of whole links: nobody listens; or connections are never made.
  bool refuses = false;
  bool swallows = false;

  [[nodiscard]] bool is_of_links() const { return refuses || swallows; }
};

struct Rule {
  std::string name;
  Match match;
  /// So many matching requests pass before it begins, and so many are struck; none: every one.
  std::int64_t skip = 0;
  std::optional<std::int64_t> times;
  /// Of striking a request that it is for.
  double probability = 1;
  Action action;
};

}  // namespace escrow::proxy
