#include "coordinator/server/auth/role.hpp"

namespace escrow::server::auth {

std::string_view to_string(Role role) {
  switch (role) {
    case Role::read: return "read";
    case Role::initiate: return "initiate";
    case Role::operate: return "operate";
    case Role::admin: return "admin";
  }
  return "read";
}

std::optional<Role> role_of(std::string_view text) {
  for (const Role role : {Role::read, Role::initiate, Role::operate, Role::admin}) {
    if (to_string(role) == text) return role;
  }
  return std::nullopt;
}

}  // namespace escrow::server::auth
