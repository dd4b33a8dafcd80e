/**
 * Where the numbers of a program lie: the BIN, then an account number in [from, to], then a Luhn
 * digit.
 */
export type NumberRange = {
  /** 6 or 8 digits. */
  readonly bin: string;
  /** Digits of the whole number, 13 to 19. */
  readonly panLength: number;
  /** Smallest account number, the digits between BIN and check digit. */
  readonly from: bigint;
  /** Largest account number, included. */
  readonly to: bigint;
};

/** What may be shown and stored of a card number anywhere (PCI DSS 3.4.1, truncation). */
export type MaskedNumber = { readonly firstSix: string; readonly lastFour: string };

/** A card number as the vault's table keeps it. */
export type SealedNumber = {
  /** Version of the row: 1 at issue, one more at each re-encryption. */
  readonly version: number;
  readonly keyId: string;
  readonly wrappedKey: Uint8Array;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
};

/**
 * The two keys of a person: what the law keeps once it is deleted is under `retained`; all else, and
 * every copy (events, stored answers), under `other`, which is destroyed with the deletion.
 */
export const keyPurposes = ["retained", "other"] as const;
export type KeyPurpose = (typeof keyPurposes)[number];
