/* SPDX-License-Identifier: MIT */
/* Style sheet, script and icon, compiled in, with the hashes by which a page's policy allows them.
 */
#ifndef BERTH_WEB_ASSETS_H
#define BERTH_WEB_ASSETS_H

extern const char assets_style[];
extern const char assets_style_hash[]; /* "sha256-…", as in a Content-Security-Policy */
extern const char assets_script[];
extern const char assets_script_hash[];
extern const char assets_icon[]; /* SVG */

#endif
