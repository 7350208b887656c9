#include "protocol/signing/call_id.hpp"

#include <openssl/evp.h>

#include <array>

#include "protocol/assert.hpp"

namespace escrow::protocol::signing {

std::string call_id(const CallIdentity& call) {
  // The first line names this format. No member can hold a line feed where it comes from (HTTP's syntax), and one that did would move its
  // rest into the next line: it is cut there, and the id is that of no call.
  std::string text = "escrow-call-1";
  for (const std::string_view member : {call.method, call.target, call.gid, call.branch, call.operation, call.phase}) {
    text.append("\n").append(member.substr(0, member.find('\n')));
  }
  std::array<unsigned char, 32> digest{};
  unsigned size = 0;
  ESCROW_ASSERT(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1 && size == digest.size());

  constexpr std::string_view digits = "0123456789abcdef";
  std::string id = "call_";
  for (const unsigned char byte : digest) {
    id += digits[byte >> 4U];
    id += digits[byte & 15U];
  }
  return id;
}

}  // namespace escrow::protocol::signing
