/* SPDX-License-Identifier: MIT */
/* The style sheet and the script, compiled in, with the hash by which a page's policy allows them.
 */
#ifndef BERTH_WEB_ASSETS_H
#define BERTH_WEB_ASSETS_H

extern const char assets_style[];
extern const char assets_style_hash[]; /* "sha256-…", as in a Content-Security-Policy */
extern const char assets_script[];
extern const char assets_script_hash[];

#endif
