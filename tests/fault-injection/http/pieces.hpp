#pragma once

#include "tests/fault-injection/http/schedules.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace escrow::http_faults {

using Pieces = std::vector<std::string_view>;

inline Pieces byte_by_byte(std::string_view text) {
  Pieces pieces;
  for (std::size_t i = 0; i < text.size(); ++i) pieces.push_back(text.substr(i, 1));
  return pieces;
}

/// Calls `run(pieces, where)` for every way to cut `text` in two, and in three for each `stride`th of those.
template <class F>
void for_every_split(std::string_view text, std::uint64_t stride, F run) {
  run(Pieces{text}, "whole");
  run(byte_by_byte(text), "byte by byte");
  std::uint64_t number = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    run(Pieces{text.substr(0, i), text.substr(i)}, "split at " + std::to_string(i));
    for (std::size_t j = i + 1; j < text.size(); ++j) {
      if (++number % stride != 0) continue;
      run(Pieces{text.substr(0, i), text.substr(i, j - i), text.substr(j)}, "split at " + std::to_string(i) + " and " + std::to_string(j));
    }
  }
}

/// Calls `run(text, where)` with garbage at each byte: each bit of it flipped, replaced by what parsers trip over, doubled, left out, and
/// with something in front of it.
template <class F>
void for_every_damage(const std::string& text, F run) {
  constexpr std::array<char, 8> odd{'\r', '\n', '\0', '\xff', ' ', ':', '\t', ','};
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    const std::string at = " at " + std::to_string(i);
    for (unsigned bit = 0; bit < 8; ++bit) {
      other[i] = static_cast<char>(static_cast<unsigned char>(text[i]) ^ (1U << bit));
      run(other, "bit " + std::to_string(bit) + at);
    }
    for (const char c : odd) {
      other[i] = c;
      run(other, "byte " + std::to_string(static_cast<unsigned char>(c)) + at);
      other.insert(i + 1, 1, text[i]);
      run(other, "byte " + std::to_string(static_cast<unsigned char>(c)) + " in front" + at);
      other.erase(i + 1, 1);
    }
    other = text;
    other.insert(i, 1, text[i]);
    run(other, "doubled" + at);
    other.erase(i, 2);
    run(other, "left out" + at);
  }
}

}  // namespace escrow::http_faults
