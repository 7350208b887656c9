#include "protocol/signing/call_id.hpp"

#include <openssl/evp.h>

#include <array>

#include "protocol/assert.hpp"

namespace escrow::protocol::signing {

std::string call_id(const CallIdentity& call) {
  // The first line names this format. No member can hold the end of a line where it comes from (HTTP's syntax), and one that did, out of a
  // server that decodes what it should not, would move its rest into the next line.
  std::string text = "escrow-call-1";
  std::string authority(call.authority);
  for (char& c : authority) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const std::string_view member :
       {call.method, std::string_view(authority), call.target, call.gid, call.branch, call.operation, call.phase}) {
    if (member.find_first_of("\r\n") != std::string_view::npos) return {};
    text.append("\n").append(member);
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
