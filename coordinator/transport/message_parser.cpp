#include "coordinator/transport/message_parser.hpp"

#include "coordinator/transport/http_syntax.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>
#include <limits>

namespace escrow::transport {
namespace {

constexpr int max_interim_answers = 16;

bool is_authority(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t closing = text.find(']');
    if (closing == std::string_view::npos || closing == 1) return false;
    const bool is_address = std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(closing), [](char c) {
      return c == ':' || c == '.' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
    });
    if (!is_address) return false;
    text.remove_prefix(closing + 1);
    if (text.empty()) return true;
    if (text.front() != ':') return false;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view name = text.substr(0, colon);
    // Narrower than RFC 3986: nobody's host has a comma or a quote in it, and smuggled ones do.
    if (name.empty() || !std::all_of(name.begin(), name.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        })) {
      return false;
    }
    text.remove_prefix(colon);
    if (text.empty()) return true;
  }
  text.remove_prefix(1);
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

HeadScanner::Found HeadScanner::malformed(std::string_view why) {
  detail_ = why;
  return Found::malformed;
}

HeadScanner::Found HeadScanner::scan(std::string_view buffered) {
  while (scanned_ < buffered.size()) {
    const void* const found = std::memchr(buffered.data() + scanned_, '\n', buffered.size() - scanned_);
    if (found == nullptr) {
      scanned_ = buffered.size();
      break;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - buffered.data());
    const std::string_view line = buffered.substr(line_at_, at - line_at_);
    if (!line.ends_with('\r')) return malformed("a line of the header ends without CR LF");
    const std::string_view text = line.substr(0, line.size() - 1);
    if (text.find('\r') != std::string_view::npos) return malformed("a stray CR in the header");
    if (text.find('\0') != std::string_view::npos) return malformed("a NUL in the header");
    const bool is_start_line = line_at_ == start_;
    if (!is_start_line && !text.empty() && (text.front() == ' ' || text.front() == '\t')) {
      return malformed("a folded line in the header");
    }
    scanned_ = line_at_ = at + 1;
    if (text.empty()) {
      if (!is_start_line) return Found::complete;
      if (start_ != 0) return malformed("empty lines in front of the message");
      start_ = line_at_;
    }
  }
  return Found::incomplete;
}

template <bool is_request>
void MessageParser<is_request>::restart_message(Headers& headers, std::string& body) {
  state_ = ParseState::head;
  scanner_ = HeadScanner();
  headers_ = &headers;
  body_ = &body;
  headers.clear();
  body.clear();
  core_.reset();
}

template <bool is_request>
void MessageParser<is_request>::fail(ParseFault fault, std::string_view detail) {
  state_ = ParseState::failed;
  fault_ = fault;
  detail_ = detail;
  keep_alive_ = false;
}

template <bool is_request>
void MessageParser<is_request>::begin_body(Framing framing, std::uint64_t length) {
  framing_ = framing;
  body_left_ = length;
  if (framing == Framing::length && length > limits_.body_bytes) {
    return fail(ParseFault::body_too_large, "the announced body is larger than the limit");
  }
  const bool is_empty = framing == Framing::none || (framing == Framing::length && length == 0);
  state_ = is_empty ? ParseState::complete : ParseState::body;
  if (framing == Framing::chunked) chunks_ = ChunkDecoder(limits_.body_bytes);
}

template <bool is_request>
void MessageParser<is_request>::skip_head() {
  state_ = ParseState::head;
  scanner_ = HeadScanner();
  headers_->clear();
  core_.reset();
}

template <bool is_request>
std::optional<typename MessageParser<is_request>::Framing> MessageParser<is_request>::announced_framing(int version,
                                                                                                        std::uint64_t& length) {
  const std::size_t lengths = headers_->count("content-length");
  const std::size_t encodings = headers_->count("transfer-encoding");
  if (encodings > 0) {
    // Any other coding, or a list of them, means a body whose end not everybody finds (RFC 9112, 6.1).
    if (encodings > 1 || lengths > 0 || version < 11) return std::nullopt;
    if (!equals_ignoring_case(headers_->find("transfer-encoding").value(), "chunked")) return std::nullopt;
    return Framing::chunked;
  }
  if (lengths == 0) return Framing::none;
  const std::string_view digits = headers_->find("content-length").value();
  if (lengths > 1 || digits.empty() || digits.size() > 19 || digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  length = 0;
  for (const char digit : digits) length = length * 10 + static_cast<std::uint64_t>(digit - '0');
  return Framing::length;
}

template <bool is_request>
std::size_t MessageParser<is_request>::feed(std::string_view buffered) {
  std::size_t consumed = 0;
  // An interim answer leaves the state at `head` with bytes consumed: the next one may be buffered already.
  while (state_ == ParseState::head) {
    const std::size_t head = feed_head(buffered.substr(consumed));
    if (head == 0) return consumed;
    consumed += head;
  }
  if (state_ == ParseState::body) consumed += feed_body(buffered.substr(consumed));
  return consumed;
}

template <bool is_request>
std::size_t MessageParser<is_request>::feed_head(std::string_view buffered) {
  // Says no to a TLS hello or to line noise at once, rather than when the time limit comes.
  if constexpr (is_request) {
    if (!buffered.empty() && !is_token_char(buffered.front()) && buffered.front() != '\r') {
      fail(ParseFault::malformed, "this is not HTTP");
      return 0;
    }
  } else {
    constexpr std::string_view beginning = "HTTP/1.";
    const std::size_t known = std::min(beginning.size(), buffered.size());
    if (buffered.substr(0, known) != beginning.substr(0, known)) {
      fail(ParseFault::malformed, "the answer is not HTTP/1.x");
      return 0;
    }
  }
  switch (scanner_.scan(buffered.substr(0, limits_.header_bytes))) {
    case HeadScanner::Found::incomplete:
      if (buffered.size() >= limits_.header_bytes) fail(ParseFault::header_too_large, "the header is larger than the limit");
      return 0;
    case HeadScanner::Found::malformed: fail(ParseFault::malformed, scanner_.detail()); return 0;
    case HeadScanner::Found::complete: break;
  }

  const std::size_t size = scanner_.size();
  const std::string_view head = buffered.substr(scanner_.start(), size - scanner_.start());
  core_.emplace(*this);
  core_->header_limit(std::numeric_limits<std::uint32_t>::max());
  core_->body_limit(boost::none);
  boost::beast::error_code failure;
  core_->put(boost::asio::buffer(head.data(), head.size()), failure);
  if (failure || !core_->is_header_done()) {
    using boost::beast::http::error;
    const bool is_framing =
        failure == error::bad_content_length || failure == error::multiple_content_length || failure == error::bad_transfer_encoding;
    fail(ParseFault::malformed, is_framing ? "Content-Length and Transfer-Encoding do not say where the body ends"
                                           : "the start line or a header field is malformed");
    return size;
  }
  head_parsed();
  return size;
}

template <bool is_request>
std::size_t MessageParser<is_request>::feed_body(std::string_view buffered) {
  switch (framing_) {
    case Framing::none: return 0;
    case Framing::length: {
      const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, buffered.size()));
      // Memory follows what has arrived, never what was announced.
      body_->append(buffered.substr(0, taken));
      body_left_ -= taken;
      if (body_left_ == 0) state_ = ParseState::complete;
      return taken;
    }
    case Framing::chunked: return feed_chunks(buffered);
    case Framing::until_eof:
      if (buffered.size() > limits_.body_bytes - body_->size()) {
        fail(ParseFault::body_too_large, "the body is larger than the limit");
        return 0;
      }
      body_->append(buffered);
      return buffered.size();
  }
  return 0;
}

template <bool is_request>
std::size_t MessageParser<is_request>::feed_chunks(std::string_view buffered) {
  const std::size_t consumed = chunks_.feed(buffered, *body_);
  switch (chunks_.state()) {
    case ChunkDecoder::State::reading: break;
    case ChunkDecoder::State::complete: state_ = ParseState::complete; break;
    case ChunkDecoder::State::malformed: fail(ParseFault::malformed, "the chunked coding of the body is malformed"); break;
    case ChunkDecoder::State::too_large: fail(ParseFault::body_too_large, "the body is larger than the limit"); break;
  }
  return consumed;
}

template class MessageParser<true>;
template class MessageParser<false>;

void RequestParser::restart() {
  request_.method.clear();
  request_.target.clear();
  request_.path.clear();
  request_.query.clear();
  request_.host.clear();
  expects_continue_ = false;
  restart_message(request_.headers, request_.body);
}

void RequestParser::take_start_line(std::string_view method, std::string_view target, int, int version) {
  request_.method = method;
  request_.target = target;
  request_.version = version;
}

bool RequestParser::take_target() {
  const std::string_view target = request_.target;
  if (std::any_of(target.begin(), target.end(), [](char c) { return c <= ' ' || c > '~' || c == '#'; })) return false;
  std::string_view path = target;
  if (target == "*") {
    if (request_.method != "OPTIONS") return false;
  } else if (!target.starts_with('/')) {
    // Absolute form, as proxies get it. CONNECT's authority form has no scheme, and no business here.
    const bool is_http = target.size() > 7 && equals_ignoring_case(target.substr(0, 7), "http://");
    const bool is_https = target.size() > 8 && equals_ignoring_case(target.substr(0, 8), "https://");
    if (!is_http && !is_https) return false;
    const std::string_view rest = target.substr(is_http ? 7 : 8);
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    if (!is_authority(rest.substr(0, end))) return false;
    request_.host = rest.substr(0, end);
    path = rest.substr(end);
  }
  const std::size_t question = std::min(path.find('?'), path.size());
  request_.path = path.substr(0, question);
  if (request_.path.empty()) request_.path = "/";
  request_.query = path.substr(std::min(question + 1, path.size()));
  return true;
}

bool RequestParser::take_host() {
  const std::size_t hosts = request_.headers.count("host");
  if (hosts > 1 || (hosts == 0 && request_.version >= 11)) return false;
  if (hosts == 0) return true;
  const std::string_view host = request_.headers.find("host").value();
  if (!host.empty() && !is_authority(host)) return false;
  if (request_.host.empty()) request_.host = host;
  // An absolute target has precedence (RFC 9112, 3.2.2), but whoever stood in front of us may have gone by the other one.
  return equals_ignoring_case(request_.host, host);
}

void RequestParser::head_parsed() {
  const Headers& headers = request_.headers;
  const int version = request_.version;
  if (!take_target()) return fail(ParseFault::malformed, "the target of the request is malformed");
  if (!take_host()) return fail(ParseFault::malformed, "there must be exactly one valid Host header");
  std::uint64_t length = 0;
  const auto framing = announced_framing(version, length);
  if (!framing) {
    return fail(ParseFault::malformed, "Content-Length and Transfer-Encoding do not say where the body ends");
  }
  set_keep_alive(!headers.has_token("connection", "close") && (version >= 11 || headers.has_token("connection", "keep-alive")));
  expects_continue_ = version >= 11 && headers.has_token("expect", "100-continue");
  begin_body(*framing, length);
}

void AnswerParser::restart(bool to_head) {
  to_head_ = to_head;
  interim_ = 0;
  status_ = 0;
  restart_message(headers_, body_);
}

void AnswerParser::take_start_line(std::string_view, std::string_view, int status, int version) {
  status_ = status;
  version_ = version;
}

void AnswerParser::head_parsed() {
  std::uint64_t length = 0;
  auto framing = announced_framing(version_, length);
  if (!framing) {
    return fail(ParseFault::malformed, "Content-Length and Transfer-Encoding do not say where the body ends");
  }
  if (status_ < 100) return fail(ParseFault::malformed, "the status is none");
  if (status_ < 200) {
    if (status_ == 101) return fail(ParseFault::malformed, "the peer switched protocols unasked");
    if (++interim_ > max_interim_answers) return fail(ParseFault::malformed, "too many interim answers");
    return skip_head();
  }
  const bool has_no_body = to_head_ || status_ == 204 || status_ == 304;
  if (has_no_body) {
    framing = Framing::none;
  } else if (framing == Framing::none) {
    framing = Framing::until_eof;
  }
  set_keep_alive(framing != Framing::until_eof && !headers_.has_token("connection", "close") &&
                 (version_ >= 11 || headers_.has_token("connection", "keep-alive")));
  begin_body(*framing, length);
}

void AnswerParser::finish_at_eof() {
  if (state() == ParseState::complete || state() == ParseState::failed) return;
  if (state() == ParseState::body && framing() == Framing::until_eof) return finish();
  fail(ParseFault::malformed, "the connection was closed before the answer was complete");
}

}  // namespace escrow::transport
