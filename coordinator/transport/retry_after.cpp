#include "coordinator/transport/retry_after.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace escrow::transport {
namespace {

constexpr std::array<std::string_view, 7> short_days = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
constexpr std::array<std::string_view, 7> long_days = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// Takes a date apart from left to right; once something does not fit, everything after it fails too.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void literal(std::string_view expected) {
    fits_ = fits_ && rest_.starts_with(expected);
    if (fits_) rest_.remove_prefix(expected.size());
  }
  int number(std::size_t digits) {
    int value = 0;
    fits_ = fits_ && rest_.size() >= digits;
    for (std::size_t i = 0; fits_ && i < digits; ++i) {
      fits_ = rest_[i] >= '0' && rest_[i] <= '9';
      value = value * 10 + (rest_[i] - '0');
    }
    if (fits_) rest_.remove_prefix(digits);
    return value;
  }
  template <std::size_t N>
  int one_of(const std::array<std::string_view, N>& words) {
    const auto found = std::find_if(words.begin(), words.end(), [&](std::string_view word) { return rest_.starts_with(word); });
    fits_ = fits_ && found != words.end();
    if (fits_) rest_.remove_prefix(found->size());
    return static_cast<int>(found - words.begin());
  }
  [[nodiscard]] bool next_is(char c) const { return fits_ && !rest_.empty() && rest_.front() == c; }
  [[nodiscard]] bool ended() const { return fits_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool fits_ = true;
};

struct Fields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

  void read_time(Reader& reader) {
    hour = reader.number(2);
    reader.literal(":");
    minute = reader.number(2);
    reader.literal(":");
    second = reader.number(2);
  }
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> time() const {
    const auto date =
        std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month + 1)) / std::chrono::day(static_cast<unsigned>(day));
    if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;  // 60: a leap second
    // Years whose nanoseconds fit into the clock; anything else is no date that a server means.
    if (year < 1900 || year > 2200) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  }
};

/// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<Fields> imf_fixdate(std::string_view text) {
  Reader reader(text);
  Fields fields;
  reader.one_of(short_days);
  reader.literal(", ");
  fields.day = reader.number(2);
  reader.literal(" ");
  fields.month = reader.one_of(months);
  reader.literal(" ");
  fields.year = reader.number(4);
  reader.literal(" ");
  fields.read_time(reader);
  reader.literal(" GMT");
  return reader.ended() ? std::optional(fields) : std::nullopt;
}

/// Sunday, 06-Nov-94 08:49:37 GMT; a date more than 50 years ahead is one of the last century.
std::optional<Fields> rfc850_date(std::string_view text, std::chrono::system_clock::time_point now) {
  Reader reader(text);
  Fields fields;
  reader.one_of(long_days);
  reader.literal(", ");
  fields.day = reader.number(2);
  reader.literal("-");
  fields.month = reader.one_of(months);
  reader.literal("-");
  fields.year = reader.number(2);
  reader.literal(" ");
  fields.read_time(reader);
  reader.literal(" GMT");
  if (!reader.ended()) return std::nullopt;
  const int this_year = static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(now)).year());
  fields.year += this_year / 100 * 100;
  if (fields.year > this_year + 50) fields.year -= 100;
  return fields;
}

/// Sun Nov  6 08:49:37 1994
std::optional<Fields> asctime_date(std::string_view text) {
  Reader reader(text);
  Fields fields;
  reader.one_of(short_days);
  reader.literal(" ");
  fields.month = reader.one_of(months);
  reader.literal(" ");
  if (reader.next_is(' ')) {
    reader.literal(" ");
    fields.day = reader.number(1);
  } else {
    fields.day = reader.number(2);
  }
  reader.literal(" ");
  fields.read_time(reader);
  reader.literal(" ");
  fields.year = reader.number(4);
  return reader.ended() ? std::optional(fields) : std::nullopt;
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text, std::chrono::system_clock::time_point now) {
  if (const auto fields = imf_fixdate(text)) return fields->time();
  if (const auto fields = rfc850_date(text, now)) return fields->time();
  if (const auto fields = asctime_date(text)) return fields->time();
  return std::nullopt;
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
  constexpr std::int64_t longest_s = std::int64_t{100} * 366 * 86400;
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    for (const char digit : value) seconds = std::min(longest_s, seconds * 10 + (digit - '0'));
    if (seconds == 0) return std::nullopt;
    return std::chrono::seconds(seconds);
  }
  const auto at = parse_http_date(value, now);
  if (!at || *at <= now) return std::nullopt;
  return std::chrono::ceil<std::chrono::milliseconds>(*at - now);
}

}  // namespace escrow::transport
