#include "tests/fault-injection/http/reference.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace escrow::http_faults {
namespace {

using Text = std::string_view;

constexpr std::size_t most_framing = 16384;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_number(char c) { return c >= '0' && c <= '9'; }
bool is_token_char(char c) { return is_letter(c) || is_number(c) || (c != '\0' && Text("!#$%&'*+-.^_`|~").find(c) != Text::npos); }
bool is_token(Text text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }
bool is_value(Text text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f); });
}
Text trim(Text text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}
std::string lower(Text text) {
  std::string small(text);
  for (char& c : small) c = static_cast<char>(is_letter(c) ? c | 0x20 : c);
  return small;
}

std::vector<std::string> list_of(Text value) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at <= value.size();) {
    const std::size_t comma = std::min(value.find(',', at), value.size());
    items.push_back(lower(trim(value.substr(at, comma - at))));
    at = comma + 1;
  }
  return items;
}

struct Head {
  End end = End::incomplete;
  /// Where it begins, behind one empty line, and where the body begins.
  std::size_t begin = 0;
  std::size_t size = 0;
  std::string start;
  std::vector<std::pair<std::string, std::string>> fields;

  [[nodiscard]] std::vector<std::string> all(Text name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : fields) {
      if (key == name) values.push_back(value);
    }
    return values;
  }
  [[nodiscard]] bool lists(Text name, Text item) const {
    for (const std::string& value : all(name)) {
      const auto items = list_of(value);
      if (std::find(items.begin(), items.end(), item) != items.end()) return true;
    }
    return false;
  }
};

/// The lines up to the empty one; End::malformed as soon as a line that is there is none.
Head read_lines(Text bytes, std::size_t limit, std::vector<Text>& lines) {
  Head head;
  std::size_t at = 0;
  if (bytes.substr(0, 2) == "\r\n") head.begin = at = 2;
  for (;;) {
    const std::size_t end = bytes.substr(0, limit).find('\n', at);
    if (end == Text::npos) {
      head.end = bytes.size() >= limit ? End::header_too_large : End::incomplete;
      return head;
    }
    const Text line = bytes.substr(at, end - at);
    if (line.empty() || line.find('\r') != line.size() - 1 || line.find('\0') != Text::npos) {
      head.end = End::malformed;
      return head;
    }
    const Text text = line.substr(0, line.size() - 1);
    at = end + 1;
    if (text.empty() && !lines.empty()) break;
    if (text.empty() || (!lines.empty() && (text.front() == ' ' || text.front() == '\t'))) {
      head.end = End::malformed;
      return head;
    }
    lines.push_back(text);
  }
  head.end = End::complete;
  head.size = at;
  return head;
}

Head read_head(Text bytes, std::size_t limit) {
  std::vector<Text> lines;
  Head head = read_lines(bytes, limit, lines);
  if (head.end != End::complete) return head;
  head.start = lines.front();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(':');
    if (colon == Text::npos || !is_token(lines[i].substr(0, colon)) || !is_value(lines[i].substr(colon + 1))) {
      head.end = End::malformed;
      return head;
    }
    head.fields.emplace_back(lower(lines[i].substr(0, colon)), trim(lines[i].substr(colon + 1)));
  }
  for (const Text name : {Text("connection"), Text("proxy-connection")}) {
    for (const std::string& value : head.all(name)) {
      for (const std::string& item : list_of(value)) {
        if (!item.empty() && !is_token(item)) head.end = End::malformed;
      }
    }
  }
  return head;
}

bool is_authority(Text text) {
  if (text.empty()) return false;
  std::size_t end = 0;
  if (text.front() == '[') {
    end = text.find(']');
    if (end == Text::npos || end == 1) return false;
    for (const char c : text.substr(1, end - 1)) {
      if (!std::isxdigit(static_cast<unsigned char>(c)) && c != ':' && c != '.') return false;
    }
    ++end;
  } else {
    while (end < text.size() && (is_letter(text[end]) || is_number(text[end]) || Text("-._~").find(text[end]) != Text::npos)) ++end;
    if (end == 0) return false;
  }
  if (end == text.size()) return true;
  const Text port = text.substr(end + 1);
  return text[end] == ':' && port.size() <= 5 && std::all_of(port.begin(), port.end(), is_number);
}

bool is_target(Text method, Text target) {
  for (const char c : target) {
    if (c <= ' ' || c > '~' || c == '#') return false;
  }
  if (target == "*") return method == "OPTIONS";
  if (target.substr(0, 1) == "/") return true;
  const std::string small = lower(target);
  for (const Text scheme : {Text("http://"), Text("https://")}) {
    if (small.compare(0, scheme.size(), scheme) != 0) continue;
    const Text rest = target.substr(scheme.size());
    return is_authority(rest.substr(0, std::min(rest.find_first_of("/?"), rest.size())));
  }
  return false;
}

/// 10 or 11.
std::optional<int> version_of(Text text) {
  if (text == "HTTP/1.1") return 11;
  if (text == "HTTP/1.0") return 10;
  return std::nullopt;
}

struct Framing {
  bool is_chunked = false;
  std::optional<std::uint64_t> length;
};

/// Nothing if the header does not say in one way where the body ends.
std::optional<Framing> framing_of(const Head& head, int version) {
  const auto lengths = head.all("content-length");
  const auto encodings = head.all("transfer-encoding");
  Framing framing;
  if (!encodings.empty()) {
    if (encodings.size() > 1 || !lengths.empty() || version < 11 || lower(encodings[0]) != "chunked") return std::nullopt;
    framing.is_chunked = true;
    return framing;
  }
  if (lengths.empty()) return framing;
  if (lengths.size() > 1 || lengths[0].empty() || lengths[0].size() > 19 || !std::all_of(lengths[0].begin(), lengths[0].end(), is_number)) {
    return std::nullopt;
  }
  framing.length = std::stoull(lengths[0]);
  return framing;
}

struct Body {
  End end = End::incomplete;
  std::size_t size = 0;
  std::string content;
};

Body ended(End end) {
  Body body;
  body.end = end;
  return body;
}

/// A line of the chunked coding; what is there of it is judged even if its end is not there yet.
struct CodingLine {
  End end = End::incomplete;
  Text text;
  std::size_t size = 0;
};

CodingLine coding_line(Text bytes) {
  CodingLine line;
  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] != '\r') ++at;
  line.text = bytes.substr(0, at);
  if (at + 1 >= bytes.size()) return line;
  line.end = bytes[at + 1] == '\n' ? End::complete : End::malformed;
  line.size = at + 2;
  return line;
}

Body read_chunks(Text bytes, std::size_t limit) {
  Body body;
  std::size_t at = 0;
  for (;;) {
    const CodingLine line = coding_line(bytes.substr(at));
    std::size_t digits = 0;
    std::uint64_t size = 0;
    while (digits < line.text.size() && std::isxdigit(static_cast<unsigned char>(line.text[digits]))) {
      if (size > (UINT64_MAX >> 8)) return ended(End::body_too_large);
      const char c = static_cast<char>(line.text[digits] | 0x20);
      size = size * 16 + static_cast<std::uint64_t>(is_number(line.text[digits]) ? line.text[digits] - '0' : c - 'a' + 10);
      ++digits;
    }
    const Text rest = line.text.substr(digits);
    if (digits == 0 && (!line.text.empty() || line.end != End::incomplete || at < bytes.size())) return ended(End::malformed);
    if (!rest.empty() && (rest.front() != ';' || !is_value(rest))) return ended(End::malformed);
    if (line.text.size() + 1 > most_framing) return ended(End::malformed);
    if (line.end != End::complete) return ended(line.end);
    if (line.size > most_framing) return ended(End::malformed);
    at += line.size;
    if (size == 0) break;
    if (size > limit - std::min(limit, body.content.size())) return ended(End::body_too_large);
    const Text chunk = bytes.substr(at, static_cast<std::size_t>(size));
    body.content += chunk;
    at += chunk.size();
    const Text close = bytes.substr(at, 2);
    if (close != Text("\r\n").substr(0, close.size())) return ended(End::malformed);
    if (chunk.size() < size || close.size() < 2) return ended(End::incomplete);
    at += 2;
  }
  const std::size_t trailers = at;
  for (;;) {
    const CodingLine line = coding_line(bytes.substr(at));
    const bool is_first_wrong = !line.text.empty() && !is_token_char(line.text.front());
    const std::size_t colon = line.text.find(':');
    const bool is_name_wrong = !line.text.empty() && (colon == 0 || !is_token(line.text.substr(0, colon)));
    const bool lacks_colon = !line.text.empty() && colon == Text::npos && at + line.text.size() < bytes.size();
    const bool is_value_wrong = colon != Text::npos && !is_value(line.text.substr(colon + 1));
    const std::size_t framing = at + line.text.size() - trailers;
    if (is_first_wrong || is_name_wrong || lacks_colon || is_value_wrong || framing > most_framing) return ended(End::malformed);
    if (line.end != End::complete) return ended(line.end);
    at += line.size;
    if (at - trailers > most_framing) return ended(End::malformed);
    if (line.text.empty()) break;
  }
  body.end = End::complete;
  body.size = at;
  return body;
}

Body read_length(Text bytes, std::uint64_t length, std::size_t limit) {
  if (length > limit) return ended(End::body_too_large);
  Body body;
  body.content = bytes.substr(0, static_cast<std::size_t>(length));
  body.size = body.content.size();
  body.end = body.size == length ? End::complete : End::incomplete;
  return body;
}

/// Of an absolute target.
std::optional<Text> authority_of(Text target) {
  const std::size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == Text::npos) return std::nullopt;
  const Text rest = target.substr(scheme + 3);
  return rest.substr(0, rest.find_first_of("/?"));
}

bool keeps_alive(const Head& head, int version) {
  return !head.lists("connection", "close") && (version == 11 || head.lists("connection", "keep-alive"));
}

}  // namespace

ReadRequest read_request(Text bytes, const ReadLimits& limits) {
  ReadRequest request;
  // What no request begins with need not be waited for: a TLS hello, line noise.
  if (!bytes.empty() && bytes.front() != '\r' && !is_token_char(bytes.front())) {
    request.end = End::malformed;
    return request;
  }
  const Head head = read_head(bytes, limits.header_bytes);
  request.end = head.end;
  if (head.end != End::complete) return request;
  request.end = End::malformed;
  const std::size_t first = head.start.find(' ');
  const std::size_t last = head.start.rfind(' ');
  if (first == std::string::npos || first == last) return request;
  request.method = head.start.substr(0, first);
  request.target = head.start.substr(first + 1, last - first - 1);
  const auto version = version_of(Text(head.start).substr(last + 1));
  if (!version || !is_token(request.method) || request.target.empty() || !is_target(request.method, request.target)) return request;
  const auto hosts = head.all("host");
  if (hosts.size() > 1 || (hosts.empty() && *version == 11)) return request;
  if (!hosts.empty() && !hosts[0].empty() && !is_authority(hosts[0])) return request;
  // An absolute target and Host name the same, or nobody knows which one was meant.
  const auto authority = authority_of(request.target);
  if (!hosts.empty() && authority && lower(*authority) != lower(hosts[0])) return request;
  const auto framing = framing_of(head, *version);
  if (!framing) return request;
  request.has_head = true;
  request.keeps_alive = keeps_alive(head, *version);
  request.expects_continue = *version == 11 && head.lists("expect", "100-continue");
  const Text rest = bytes.substr(head.size);
  Body body;
  body.end = End::complete;
  if (framing->is_chunked) body = read_chunks(rest, limits.body_bytes);
  if (framing->length) body = read_length(rest, *framing->length, limits.body_bytes);
  request.end = body.end;
  request.size = head.size + body.size;
  request.body = body.content;
  return request;
}

ReadAnswer read_answer(Text bytes, bool has_ended, bool to_head, const ReadLimits& limits) {
  ReadAnswer answer;
  std::size_t at = 0;
  for (;;) {
    const Text beginning = bytes.substr(at, 7);
    answer.end = End::malformed;
    if (beginning != Text("HTTP/1.").substr(0, beginning.size())) return answer;
    const Head head = read_head(bytes.substr(at), limits.header_bytes);
    answer.end = head.end;
    if (head.end == End::incomplete && has_ended) answer.end = End::malformed;
    if (head.end != End::complete) return answer;
    answer.end = End::malformed;
    const auto version = version_of(head.start.substr(0, 8));
    // The reason may be missing, the space in front of it may not (RFC 9112, 4).
    if (!version || head.start.size() < 13 || head.start[8] != ' ' || head.start[12] != ' ') return answer;
    const std::string digits = head.start.substr(9, 3);
    if (!std::all_of(digits.begin(), digits.end(), is_number) || !is_value(head.start)) return answer;
    answer.status = std::stoi(digits);
    const auto framing = framing_of(head, *version);
    if (!framing || answer.status < 100 || answer.status == 101) return answer;
    at += head.size;
    if (answer.status < 200) {
      if (++answer.interim > 16) return answer;
      continue;
    }
    const Text rest = bytes.substr(at);
    const bool has_no_body = to_head || answer.status == 204 || answer.status == 304;
    const bool ends_with_connection = !has_no_body && !framing->is_chunked && !framing->length;
    answer.keeps_alive = !ends_with_connection && keeps_alive(head, *version);
    answer.is_chunked = framing->is_chunked;
    Body body;
    body.end = End::complete;
    if (ends_with_connection) {
      body.content = rest;
      body.size = rest.size();
      body.end = rest.size() > limits.body_bytes ? End::body_too_large : has_ended ? End::complete : End::incomplete;
    } else if (!has_no_body) {
      body = framing->is_chunked ? read_chunks(rest, limits.body_bytes) : read_length(rest, *framing->length, limits.body_bytes);
    }
    answer.end = body.end == End::incomplete && has_ended ? End::malformed : body.end;
    answer.body = body.content;
    answer.size = at + body.size;
    return answer;
  }
}

}  // namespace escrow::http_faults
