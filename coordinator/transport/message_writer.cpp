#include "coordinator/transport/message_writer.hpp"

#include "coordinator/transport/http_syntax.hpp"

#include <boost/beast/http/status.hpp>

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <iterator>

namespace escrow::transport {
namespace {

bool is_framing_field(std::string_view name) {
  return equals_ignoring_case(name, "content-length") || equals_ignoring_case(name, "transfer-encoding") ||
         equals_ignoring_case(name, "connection");
}

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

bool append_fields(std::string& out, const Headers& headers, bool (*is_reserved)(std::string_view)) {
  for (const Header header : headers) {
    if (!is_token(header.name) || !is_field_value(header.value) || is_reserved(header.name)) return false;
    out.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  return true;
}

}  // namespace

bool write_answer_head(std::string& out, const Response& response, AnswerFraming framing, bool keep_alive, int version,
                       std::string_view date) {
  out.clear();
  if (response.status < 200 || response.status > 599) return false;
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::size_t>(response.status));
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  out.append(" ").append(reason.data(), reason.size()).append("\r\nDate: ").append(date).append("\r\n");
  const auto is_reserved = [](std::string_view name) { return is_framing_field(name) || equals_ignoring_case(name, "date"); };
  if (!append_fields(out, response.headers, is_reserved)) return false;
  switch (framing) {
    case AnswerFraming::content_length:
      if (response.status != 204 && response.status != 304) {
        out.append("Content-Length: ");
        append_number(out, response.whole_body().size());
        out.append("\r\n");
      }
      break;
    case AnswerFraming::chunked: out.append("Transfer-Encoding: chunked\r\n"); break;
    case AnswerFraming::until_close: break;
  }
  if (!keep_alive) {
    out.append("Connection: close\r\n");
  } else if (version < 11) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  return true;
}

bool write_request_head(std::string& out, const OutboundCall& call) {
  out.clear();
  if (!is_token(call.method())) return false;
  const protocol::Url& url = call.url();  // whose parser lets nothing through that could end a line
  out.append(call.method()).append(" ").append(url.target()).append(" HTTP/1.1\r\nHost: ").append(url.host_header()).append("\r\n");
  const auto is_reserved = [](std::string_view name) { return is_framing_field(name) || equals_ignoring_case(name, "host"); };
  if (!append_fields(out, call.headers(), is_reserved)) return false;
  const bool has_body = !call.body().empty() || (call.method() != "GET" && call.method() != "HEAD");
  if (has_body) {
    out.append("Content-Length: ");
    append_number(out, call.body().size());
    out.append("\r\n");
  }
  out.append("\r\n");
  return true;
}

std::string_view DateHeader::text(std::chrono::system_clock::time_point now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second == rendered_for_ && !text_.empty()) return text_;
  constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::seconds> time(second - day);
  text_.clear();
  fmt::format_to(std::back_inserter(text_), "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", days[std::chrono::weekday(day).c_encoding()],
                 static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                 time.hours().count(), time.minutes().count(), time.seconds().count());
  rendered_for_ = second;
  return text_;
}

}  // namespace escrow::transport
