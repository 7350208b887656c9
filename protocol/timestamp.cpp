#include "protocol/timestamp.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace escrow::protocol {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::sys_days;
using std::chrono::sys_time;

constexpr sys_time<milliseconds> first_moment = sys_days(std::chrono::year(0) / 1 / 1);
constexpr sys_time<milliseconds> last_moment = sys_days(std::chrono::year(9999) / 12 / 31) + days(1) - milliseconds(1);

/// Writes `value` with `width` digits and returns the place behind them.
char* put(char* at, std::int64_t value, int width) {
  for (int i = width - 1; i >= 0; --i) {
    at[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return at + width;
}

/// Takes fields off the front of a text; after the first mismatch everything fails.
class Fields {
 public:
  explicit Fields(std::string_view text) : text_(text) {}

  int number(std::size_t width) {
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) {
      if (text_.empty() || text_.front() < '0' || text_.front() > '9') {
        ok_ = false;
        return 0;
      }
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return value;
  }
  void mark(std::string_view any_of) {
    if (!skip(any_of)) ok_ = false;
  }
  bool skip(std::string_view any_of) {
    if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] char front() const { return text_.empty() ? '\0' : text_.front(); }
  [[nodiscard]] bool ended() const { return ok_ && text_.empty(); }

 private:
  std::string_view text_;
  bool ok_ = true;
};

}  // namespace

void append_timestamp(std::string& out, std::int64_t ms) {
  const auto moment = std::clamp(sys_time<milliseconds>(milliseconds(ms)), first_moment, last_moment);
  const auto day = std::chrono::floor<days>(moment);
  const std::chrono::year_month_day date(day);
  const std::int64_t rest = (moment - day).count();
  std::array<char, 24> text{};
  char* at = put(text.data(), static_cast<int>(date.year()), 4);
  *at++ = '-';
  at = put(at, static_cast<unsigned>(date.month()), 2);
  *at++ = '-';
  at = put(at, static_cast<unsigned>(date.day()), 2);
  *at++ = 'T';
  at = put(at, rest / 3'600'000, 2);
  *at++ = ':';
  at = put(at, rest / 60'000 % 60, 2);
  *at++ = ':';
  at = put(at, rest / 1'000 % 60, 2);
  *at++ = '.';
  at = put(at, rest % 1'000, 3);
  *at = 'Z';
  out.append(text.data(), text.size());
}

std::string format_timestamp(std::int64_t ms) {
  std::string out;
  append_timestamp(out, ms);
  return out;
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) {
  Fields fields(text);
  const int year = fields.number(4);
  fields.mark("-");
  const int month = fields.number(2);
  fields.mark("-");
  const int day = fields.number(2);
  fields.mark("Tt ");
  const int hour = fields.number(2);
  fields.mark(":");
  const int minute = fields.number(2);
  fields.mark(":");
  const int second = fields.number(2);
  int fraction = 0;
  if (fields.skip(".")) {
    fraction = fields.number(1) * 100;
    int weight = 10;
    while (fields.front() >= '0' && fields.front() <= '9') {
      fraction += fields.number(1) * weight;
      weight /= 10;
    }
  }
  int offset_minutes = 0;
  if (const char sign = fields.front(); sign == '+' || sign == '-') {
    fields.mark("+-");
    const int hours = fields.number(2);
    fields.mark(":");
    const int minutes = fields.number(2);
    if (hours > 23 || minutes > 59) return std::nullopt;
    offset_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
  } else {
    fields.mark("Zz");
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!fields.ended() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto moment = sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute - offset_minutes) +
                      std::chrono::seconds(std::min(second, 59)) + milliseconds(fraction);
  return std::chrono::duration_cast<milliseconds>(moment.time_since_epoch()).count();
}

}  // namespace escrow::protocol
