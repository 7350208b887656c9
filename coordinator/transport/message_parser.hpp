#pragma once

#include "coordinator/transport/chunk_decoder.hpp"
#include "coordinator/transport/http_message.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Bytes to messages, without a socket: Beast's parser for the header, behind checks that make its tolerance strict.
/// A message whose end could be argued about is malformed, whoever sent it.
namespace escrow::transport {

struct MessageLimits {
  std::size_t header_bytes = 65536;
  std::size_t body_bytes = 1048576;
};

/// Where a message stands.
enum class ParseState {
  head,      ///< the header is not complete
  body,      ///< the header is complete, the body is not
  complete,  ///< the message has ended; bytes behind it have not been consumed
  failed,    ///< see `fault`
};

enum class ParseFault { malformed, header_too_large, body_too_large };

/// Finds the end of a header and refuses what parsers are known to disagree about: lines that end without CR LF,
/// stray CR and NUL, folded lines.
class HeadScanner {
 public:
  enum class Found { incomplete, complete, malformed };

  /// `buffered` begins where the message begins and has grown since the last call.
  Found scan(std::string_view buffered);
  /// Of the head with its empty line, once complete; an empty line in front of it counts.
  [[nodiscard]] std::size_t size() const { return line_at_; }
  /// Where the start line begins: behind an empty line that some clients leave behind a body (RFC 9112, 2.2).
  [[nodiscard]] std::size_t start() const { return start_; }
  [[nodiscard]] std::string_view detail() const { return detail_; }

 private:
  Found malformed(std::string_view why);

  std::size_t line_at_ = 0;
  std::size_t scanned_ = 0;
  std::size_t start_ = 0;
  std::string_view detail_;
};

/// What requests and answers have in common. Feed it with what is buffered; it says how much it has consumed.
template <bool is_request>
class MessageParser {
 public:
  explicit MessageParser(MessageLimits limits) : limits_(limits) {}
  virtual ~MessageParser() = default;
  MessageParser(const MessageParser&) = delete;
  MessageParser& operator=(const MessageParser&) = delete;

  /// `buffered` begins with the first byte that earlier calls have not consumed. Returns how many it consumes now.
  std::size_t feed(std::string_view buffered);

  [[nodiscard]] ParseState state() const { return state_; }
  [[nodiscard]] ParseFault fault() const { return fault_; }
  /// A sentence; of static storage.
  [[nodiscard]] std::string_view detail() const { return detail_; }
  /// Whether the connection may carry another message after this one.
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }

 protected:
  enum class Framing { none, length, chunked, until_eof };

  /// Checks the parsed header and calls one of the functions below.
  virtual void head_parsed() = 0;
  virtual void take_start_line(std::string_view method, std::string_view target, int status, int version) = 0;

  void restart_message(Headers& headers, std::string& body);
  void fail(ParseFault fault, std::string_view detail);
  void begin_body(Framing framing, std::uint64_t length = 0);
  void skip_head();
  void set_keep_alive(bool keep_alive) { keep_alive_ = keep_alive; }
  /// Nothing if Content-Length and Transfer-Encoding contradict each other or themselves; `none` if neither is there.
  [[nodiscard]] std::optional<Framing> announced_framing(int version, std::uint64_t& length);
  [[nodiscard]] Framing framing() const { return framing_; }
  void finish() { state_ = ParseState::complete; }
  [[nodiscard]] const MessageLimits& limits() const { return limits_; }

 private:
  std::size_t feed_head(std::string_view buffered);
  std::size_t feed_body(std::string_view buffered);
  std::size_t feed_chunks(std::string_view buffered);

  /// Beast's parser, for the start line and the fields only; made anew for each message, without allocation.
  class Core final : public boost::beast::http::basic_parser<is_request> {
   public:
    explicit Core(MessageParser& owner) : owner_(owner) {}

   private:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;

    void on_request_impl(boost::beast::http::verb, string_view method, string_view target, int version, error_code&) override {
      owner_.take_start_line({method.data(), method.size()}, {target.data(), target.size()}, 0, version);
    }
    void on_response_impl(int status, string_view, int version, error_code&) override { owner_.take_start_line({}, {}, status, version); }
    void on_field_impl(boost::beast::http::field, string_view name, string_view value, error_code&) override {
      owner_.headers_->add({name.data(), name.size()}, {value.data(), value.size()});
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(string_view, error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
    void on_finish_impl(error_code&) override {}

    MessageParser& owner_;
  };

  MessageLimits limits_;
  ParseState state_ = ParseState::head;
  ParseFault fault_ = ParseFault::malformed;
  std::string_view detail_;
  HeadScanner scanner_;
  std::optional<Core> core_;
  ChunkDecoder chunks_;
  Headers* headers_ = nullptr;
  std::string* body_ = nullptr;
  Framing framing_ = Framing::none;
  std::uint64_t body_left_ = 0;
  bool keep_alive_ = false;
};

/// What arrives at the server.
class RequestParser final : public MessageParser<true> {
 public:
  explicit RequestParser(MessageLimits limits) : MessageParser(limits) { restart(); }

  /// Begins the next message.
  void restart();
  /// Complete apart from the peer's address once the state is `complete`. May be moved from before `restart`.
  [[nodiscard]] Request& request() { return request_; }
  /// The client waits for `100 Continue` before it sends the body.
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }

 private:
  void take_start_line(std::string_view method, std::string_view target, int status, int version) override;
  void head_parsed() override;
  bool take_target();
  bool take_host();

  Request request_;
  bool expects_continue_ = false;
};

/// What comes back to the client. Interim (1xx) answers are skipped, up to 16 of them.
class AnswerParser final : public MessageParser<false> {
 public:
  explicit AnswerParser(MessageLimits limits) : MessageParser(limits) { restart(false); }

  /// Begins the next answer; the one to HEAD has no body whatever it announces.
  void restart(bool to_head);
  /// The peer has closed its side. Completes a body that ends there; anything else is cut short, and fails.
  void finish_at_eof();

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] Headers& headers() { return headers_; }
  [[nodiscard]] std::string& body() { return body_; }

 private:
  void take_start_line(std::string_view method, std::string_view target, int status, int version) override;
  void head_parsed() override;

  Headers headers_;
  std::string body_;
  int status_ = 0;
  int version_ = 11;
  int interim_ = 0;
  bool to_head_ = false;
};

}  // namespace escrow::transport
