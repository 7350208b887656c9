#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "protocol/utf8.hpp"

namespace escrow::cli {
namespace {

constexpr std::size_t width_without_terminal = 100;
constexpr std::size_t least_width = 40;
constexpr std::size_t tab_columns = 1;

std::string_view code_of(Tone tone) {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::bold: return "1";
    case Tone::dim: return "2";
    case Tone::good: return "32";
    case Tone::bad: return "1;31";
    case Tone::warning: return "33";
    case Tone::accent: return "36";
  }
  return "";
}

char32_t code_point(std::string_view character) {
  constexpr std::array<unsigned char, 5> first_bits{0, 0x7F, 0x1F, 0x0F, 0x07};
  char32_t value = static_cast<unsigned char>(character[0]) & first_bits.at(character.size());
  for (const char c : character.substr(1)) value = (value << 6U) | (static_cast<unsigned char>(c) & 0x3FU);
  return value;
}

/// The blocks of wide characters (Unicode 15, East Asian Width W and F), by their ends.
bool is_wide(char32_t c) {
  constexpr std::array<std::pair<char32_t, char32_t>, 8> blocks{{{0x1100, 0x115F},
                                                                 {0x2E80, 0x303E},
                                                                 {0x3041, 0xA4CF},
                                                                 {0xAC00, 0xD7A3},
                                                                 {0xF900, 0xFAFF},
                                                                 {0xFE30, 0xFE6F},
                                                                 {0xFF00, 0xFF60},
                                                                 {0x1F300, 0x1FAFF}}};
  return std::ranges::any_of(blocks, [c](const auto& block) { return c >= block.first && c <= block.second; });
}

bool is_combining(char32_t c) { return (c >= 0x0300 && c <= 0x036F) || (c >= 0x200B && c <= 0x200F) || (c >= 0xFE00 && c <= 0xFE0F); }

/// Also those that turn the direction of writing around.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

/// Takes the first character off; one that is no UTF-8 is one byte, and its code is that of the replacement character.
std::pair<std::string_view, char32_t> next_character(std::string_view& text) {
  const std::size_t length = protocol::utf8_length(text);
  const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
  text.remove_prefix(character.size());
  return {character, length == 0 ? 0xFFFD : code_point(character)};
}

std::size_t columns_of(char32_t c) { return is_combining(c) ? 0 : is_wide(c) ? 2 : 1; }

}  // namespace

std::string Look::paint(Tone tone, std::string_view text) const {
  if (!has_colour || tone == Tone::plain || text.empty()) return std::string(text);
  return std::string("\x1b[").append(code_of(tone)).append("m").append(text).append("\x1b[0m");
}

Look look_of_stdout(std::size_t width, ColourChoice choice) {
  Look look;
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  winsize size{};
  if (width > 0) {
    look.width = width;
  } else if (is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    look.width = size.ws_col;
  } else {
    look.width = width_without_terminal;
  }
  look.width = std::max(look.width, least_width);
  const char* no_colour = std::getenv("NO_COLOR");
  const bool is_forbidden = no_colour != nullptr && *no_colour != '\0';
  look.has_colour = choice == ColourChoice::always || (choice == ColourChoice::automatic && is_terminal);
  // Whoever sets NO_COLOR means every program.
  if (is_forbidden) look.has_colour = false;
  return look;
}

bool is_interactive() { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1; }

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto [character, code] = next_character(text);
    if (code == 0xFFFD) {
      out.append("\xEF\xBF\xBD");
    } else if (is_control(code)) {
      out.append(tab_columns, ' ');
    } else {
      out.append(character);
    }
  }
  return out;
}

std::size_t columns(std::string_view text) {
  std::size_t total = 0;
  while (!text.empty()) total += columns_of(next_character(text).second);
  return total;
}

std::string fitted(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  if (width == 0) return "";
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const auto [character, code] = next_character(text);
    if (used + columns_of(code) > width - 1) break;
    used += columns_of(code);
    out.append(character);
  }
  return out + "…";
}

std::string padded(std::string_view text, std::size_t width) {
  const std::size_t used = columns(text);
  return std::string(text) + std::string(width > used ? width - used : 0, ' ');
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
  const std::size_t room = width > indent + 10 ? width - indent : 10;
  std::string out;
  std::string line;
  const auto end_line = [&] {
    out.append(indent, ' ').append(line).append("\n");
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    text.remove_prefix(std::min(space + 1, text.size()));
    if (word.empty()) continue;
    if (!line.empty() && columns(line) + 1 + columns(word) > room) end_line();
    if (!line.empty()) line.push_back(' ');
    line.append(word);
  }
  if (!line.empty()) end_line();
  return out;
}

Tone tone_of(std::string_view word) {
  if (word == "committed" || word == "succeeded" || word == "closed") return Tone::good;
  if (word == "aborted" || word == "skipped" || word == "waiting") return Tone::dim;
  if (word == "aborting" || word == "backing_off" || word == "unknown" || word == "probing") return Tone::warning;
  if (word == "failed" || word == "open") return Tone::bad;
  if (word == "active" || word == "committing" || word == "calling") return Tone::accent;
  return Tone::plain;
}

}  // namespace escrow::cli
