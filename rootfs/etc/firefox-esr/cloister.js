// Debian's Firefox: a decoy of an encrypted ClientHello is refused in the box, and no policy of Firefox has a word for it.
pref('security.tls.ech.grease_probability', 0, locked);
