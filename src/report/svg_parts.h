// What all pictures are made of.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace mapwright::report {

//! A text between tags or in an attribute; visible (base::visible).
std::string escaped(std::string_view text);

struct Rgb {
  int red;
  int green;
  int blue;
};

//! Hues that also those tell apart who do not see all colours (after Okabe and Ito, Color Universal Design),
//! far enough from one another that no light one is a darker one's shade.
inline constexpr std::array<Rgb, 8> kHues = {{{0, 114, 178},
                                              {230, 159, 0},
                                              {0, 158, 115},
                                              {204, 70, 150},
                                              {240, 228, 66},
                                              {110, 110, 110},
                                              {213, 60, 0},
                                              {110, 70, 220}}};

}  // namespace mapwright::report
