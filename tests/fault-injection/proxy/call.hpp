#pragma once

#include <cstdint>
#include <string>

#include "tests/fault-injection/proxy/message.hpp"
#include "tests/fault-injection/proxy/rule.hpp"

/// What a request is about: said by the headers of a call to a participant, or by path and body of a request to the coordinator.
namespace escrow::proxy {

struct Call {
  /// Counts requests, over all links.
  std::uint64_t exchange = 0;
  std::string link;
  std::string method;
  std::string target;
  std::string gid;
  std::string branch;
  /// Of a participant: action, compensate, try, confirm, cancel, check. Of the coordinator: start, look, register, commit, abort, extend,
  /// retry, resolve, events.
  std::string operation;
  std::string phase;
  /// 0: it has none.
  std::int64_t attempt = 0;
  std::size_t bytes = 0;
  /// Of target, key and body.
  std::uint64_t fingerprint = 0;
  Head head;

  /// Its path, without the query.
  [[nodiscard]] std::string path() const { return target.substr(0, target.find('?')); }
};

[[nodiscard]] Call call_of(std::string link, Head head, std::string_view body);

/// Whether `text` is what `pattern` says; `*` stands for any characters.
[[nodiscard]] bool fits(std::string_view pattern, std::string_view text);
[[nodiscard]] bool fits(const Match& match, const Call& call);

/// 64 bits that follow from the parts in their order.
class Hash {
 public:
  Hash& add(std::string_view part);
  Hash& add(std::uint64_t part);
  [[nodiscard]] std::uint64_t value() const;

 private:
  std::uint64_t state_ = 14695981039346656037ULL;
};

}  // namespace escrow::proxy
