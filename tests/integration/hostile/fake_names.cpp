#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>

/// A name server in a program's own process: getaddrinfo answers from the file of ESCROW_NAMES_FOR_TESTS, a line `NAME ADDRESSES...` for
/// each name. Each look-up of a name gets its next group of addresses, separated by commas, and the last group from then on: that is how a
/// name is bound again between two calls. Other names do not exist.
namespace {

std::string addresses_of(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, int> asked;
  const std::lock_guard lock(mutex);
  const char* const path = std::getenv("ESCROW_NAMES_FOR_TESTS");
  std::ifstream file(path == nullptr ? "" : path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || word != name) continue;
    std::string group;
    for (int i = asked[name]++; i >= 0 && words >> word; --i) group = word;
    return group;
  }
  return {};
}

addrinfo* entry_for(const std::string& text) {
  struct Entry {
    addrinfo head;
    sockaddr_storage address;
  };
  auto* const entry = static_cast<Entry*>(std::calloc(1, sizeof(Entry)));
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&entry->address);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&entry->address);
  const bool is_v4 = ::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1;
  if (!is_v4) ::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr);
  entry->address.ss_family = is_v4 ? AF_INET : AF_INET6;
  entry->head.ai_family = entry->address.ss_family;
  entry->head.ai_socktype = SOCK_STREAM;
  entry->head.ai_addrlen = is_v4 ? sizeof *v4 : sizeof *v6;
  entry->head.ai_addr = reinterpret_cast<sockaddr*>(&entry->address);
  return &entry->head;
}

}  // namespace

extern "C" {

int getaddrinfo(const char* node, const char*, const addrinfo*, addrinfo** found) {
  *found = nullptr;
  std::istringstream group(addresses_of(node == nullptr ? "" : node));
  addrinfo** next = found;
  for (std::string address; std::getline(group, address, ',');) {
    *next = entry_for(address);
    next = &(*next)->ai_next;
  }
  return *found == nullptr ? EAI_NONAME : 0;
}

void freeaddrinfo(addrinfo* first) {
  while (first != nullptr) std::free(std::exchange(first, first->ai_next));
}
}
