#pragma once

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <string>

namespace escrow::transport {

/// Where a connection comes from, for sharing out what there is: an IPv4 address, or the network of 64 bits that an IPv6 host has to
/// itself.
[[nodiscard]] std::string neighbourhood_of(const boost::asio::ip::address& address);

/// A connection whose peer has not shown who it is.
class Stranger {
 public:
  virtual ~Stranger() = default;
  /// Its place is needed: it hangs up. False: its request is being handled, and it stays.
  virtual bool make_room() = 0;
};

/// All of them, oldest first, by where they come from: whoever opens the most connections loses the oldest of them when a place is needed,
/// so one address that takes all that there are keeps nobody else out. One thread.
class Strangers {
 public:
  /// In the order in which they were added. Belongs to one stranger, which leaves when this goes.
  class Place {
   public:
    explicit Place(Strangers& all) : all_(all) {}
    ~Place() { leave(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    void take(Stranger& stranger, const std::string& neighbourhood);
    void leave();
    [[nodiscard]] bool is_taken() const { return at_.has_value(); }

   private:
    Strangers& all_;
    std::string neighbourhood_;
    std::optional<std::list<Stranger*>::iterator> at_;
  };

  [[nodiscard]] std::size_t size() const { return size_; }
  /// The oldest one that can go, of those who have most, hangs up. False: there is none.
  bool make_room();

 private:
  std::map<std::string, std::list<Stranger*>> by_neighbourhood_;
  std::size_t size_ = 0;
};

}  // namespace escrow::transport
