#include "coordinator/transport/chunk_decoder.hpp"

#include "coordinator/transport/http_syntax.hpp"

#include <algorithm>

namespace escrow::transport {
namespace {

/// A size line with its extensions, or all trailers: more is an attack.
constexpr std::size_t max_framing = 16384;

}  // namespace

std::size_t ChunkDecoder::feed(std::string_view bytes, std::string& body) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ == State::reading) {
    if (expects_ == Expects::content) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      body.append(bytes.substr(at, taken));
      at += taken;
      left_ -= taken;
      if (left_ == 0) expects_ = Expects::content_cr;
    } else {
      take(bytes[at++], body.size());
    }
  }
  return at;
}

void ChunkDecoder::take(char c, std::size_t body_size) {
  if (++framing_ > max_framing) return end(State::malformed);
  const auto expect = [&](char wanted, Expects next) {
    expects_ = next;
    if (c != wanted) end(State::malformed);
  };
  switch (expects_) {
    case Expects::size:
      if (hex_digit(c) < 0) return end(State::malformed);
      left_ = static_cast<std::uint64_t>(hex_digit(c));
      expects_ = Expects::more_size;
      return;
    case Expects::more_size: return take_size(c);
    case Expects::extension:
      if (c == '\r') {
        expects_ = Expects::size_lf;
      } else if (!is_field_char(c)) {
        end(State::malformed);
      }
      return;
    case Expects::size_lf:
      if (c != '\n') return end(State::malformed);
      return chunk_begins(body_size);
    case Expects::content: return;  // not byte by byte
    case Expects::content_cr: return expect('\r', Expects::content_lf);
    case Expects::content_lf: framing_ = 0; return expect('\n', Expects::size);
    case Expects::trailer:
      if (c == '\r') {
        expects_ = Expects::end_lf;
      } else if (is_token_char(c)) {
        expects_ = Expects::name;
      } else {
        end(State::malformed);
      }
      return;
    case Expects::name:
      if (c == ':') {
        expects_ = Expects::value;
      } else if (!is_token_char(c)) {
        end(State::malformed);
      }
      return;
    case Expects::value:
      if (c == '\r') {
        expects_ = Expects::value_lf;
      } else if (!is_field_char(c)) {
        end(State::malformed);
      }
      return;
    case Expects::value_lf: return expect('\n', Expects::trailer);
    case Expects::end_lf: return end(c == '\n' ? State::complete : State::malformed);
  }
}

void ChunkDecoder::take_size(char c) {
  if (c == '\r') {
    expects_ = Expects::size_lf;
  } else if (c == ';') {
    expects_ = Expects::extension;
  } else if (hex_digit(c) < 0) {
    end(State::malformed);
  } else if (left_ > (UINT64_MAX >> 8)) {
    end(State::too_large);  // far above any limit, and before it overflows
  } else {
    left_ = left_ * 16 + static_cast<std::uint64_t>(hex_digit(c));
  }
}

void ChunkDecoder::chunk_begins(std::size_t body_size) {
  framing_ = 0;
  if (left_ == 0) {
    expects_ = Expects::trailer;
  } else if (left_ > limit_ - std::min(limit_, body_size)) {
    end(State::too_large);
  } else {
    expects_ = Expects::content;
  }
}

}  // namespace escrow::transport
