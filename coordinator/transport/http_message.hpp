#pragma once

#include "coordinator/async/task.hpp"
#include "coordinator/transport/peer_certificate.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// HTTP messages as the rest of the coordinator sees them: no Beast, no sockets.
namespace escrow::transport {

/// One header field. Views into the `Headers` it came from.
struct Header {
  std::string_view name;
  std::string_view value;
};

/// The header fields of a message in their order; names are looked up without regard to case. All text lies in one
/// buffer that is kept from message to message.
class Headers {
 public:
  /// Appends a field, also when there is one of that name already.
  void add(std::string_view name, std::string_view value);
  /// Removes every field of that name and appends one.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);

  /// The first field of that name. The view lives until the headers are changed.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const { return find(name).has_value(); }
  /// How many fields have that name.
  [[nodiscard]] std::size_t count(std::string_view name) const;
  /// True if a field of that name holds `token` in its comma-separated list, without regard to case.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  [[nodiscard]] Header operator[](std::size_t index) const;
  /// Empties it and keeps the memory.
  void clear();

  class Iterator {
   public:
    Iterator(const Headers& headers, std::size_t index) : headers_(&headers), index_(index) {}
    Header operator*() const { return (*headers_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator&) const = default;

   private:
    const Headers* headers_;
    std::size_t index_;
  };
  [[nodiscard]] Iterator begin() const { return {*this, 0}; }
  [[nodiscard]] Iterator end() const { return {*this, size()}; }

 private:
  struct Field {
    std::uint32_t name_at;
    std::uint32_t name_size;
    std::uint32_t value_size;  // the value stands right behind the name
  };

  std::string text_;
  std::vector<Field> fields_;
};

/// True if both are equal without regard to the case of ASCII letters.
[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b);

/// Resolves %XX; nothing if it is malformed. '+' stays '+'.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// What the server's connections are told of their peers. One of a stranger gives way when connections become scarce.
class PeerStanding {
 public:
  virtual ~PeerStanding() = default;
  virtual void set_known(bool is_known) = 0;
};

/// A request as it came: framing is checked and removed, the rest is as the client wrote it.
/// (A class with constructors rather than an aggregate: g++ 12 destroys aggregate temporaries in co_await twice.)
struct Request {
  Request() {}

  std::string method;
  /// As it stood in the request line.
  std::string target;
  /// Of the target, still percent-encoded; `*` for OPTIONS *. Never empty.
  std::string path;
  /// What follows the first '?', still percent-encoded; empty if there is none.
  std::string query;
  /// Of the Host header, and of an absolute target where there is one: both say the same. In HTTP/1.0 it may be empty.
  std::string host;
  /// 10 or 11.
  int version = 11;
  Headers headers;
  std::string body;
  /// The peer's address without its port.
  std::string remote_address;
  bool peer_is_loopback = false;
  /// It came over TLS.
  bool is_tls = false;
  /// The client's verified certificate; null: it showed none.
  std::shared_ptr<const PeerCertificate> peer;
  /// Who is to be told whether it is known who asks. Null, or valid until the answer is given.
  PeerStanding* standing = nullptr;
};

/// Where the chunks of a streamed answer go.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;

  /// Sends a chunk and returns once the kernel has taken it. False: the peer is gone or the server drains; stop.
  /// An empty chunk sends nothing. The text must live until this returns.
  virtual async::Task<bool> write(std::string_view chunk) = 0;
};

/// Produces a streamed body. It is cancelled when the peer hangs up (a half-close counts) and when the server drains;
/// it may also just return, which ends the body. Whatever it refers to must live as long as the server.
using BodyStream = std::function<async::Task<>(BodyWriter&)>;

/// An answer. Content-Length, Transfer-Encoding, Date and Connection are the transport's: it writes them itself.
struct Response {
  Response() {}
  explicit Response(int with_status) : status(with_status) {}

  int status = 200;
  Headers headers;
  std::string body;
  /// Instead of `body`: a text that lives as long as the program. However many readers don't take it, it is in memory once.
  std::string_view fixed_body;
  /// Instead of `body`: for Server-Sent Events.
  BodyStream stream;
  [[nodiscard]] std::string_view whole_body() const { return fixed_body.empty() ? std::string_view(body) : fixed_body; }
  /// Asks for the connection to be closed after this answer.
  bool close = false;
};

}  // namespace escrow::transport
