import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from "node:crypto";

/** Encrypts texts for storage. */
export interface Crypter {
  encrypt(plaintext: string): string;
  /** Throws when the text was not made by this crypter. */
  decrypt(ciphertext: string): string;
}

/** The passphrase is not the one that sealed what is to be opened. */
export class IncorrectPassphrase extends Error {
  override readonly name = "IncorrectPassphrase";
  constructor() {
    super("incorrect passphrase");
  }
}

/**
 * The passphrase secrets provider of Pulumi, byte-compatible with it: AES-256-GCM under PBKDF2-HMAC-SHA256 with 1,000,000
 * iterations (sdk/go/common/resource/config/crypt.go, pkg/secrets/passphrase/manager.go).
 */
export class PassphraseCrypter implements Crypter {
  private static readonly keys = new Map<string, Buffer>();

  private constructor(
    private readonly key: Buffer,
    /** The stack's `encryptionsalt`: the salt, and a text that verifies the passphrase. */
    readonly salt: string,
  ) {}

  /** A crypter with a new random salt. */
  static create(passphrase: string): PassphraseCrypter {
    const salt = randomBytes(8);
    const key = PassphraseCrypter.derive(passphrase, salt);
    return new PassphraseCrypter(key, `v1:${salt.toString("base64")}:${encryptWith(key, "pulumi")}`);
  }

  /** The crypter of an existing salt. Throws `IncorrectPassphrase` when the passphrase is not the salt's. */
  static open(passphrase: string, saltState: string): PassphraseCrypter {
    const [version, salt, ...verification] = saltState.split(":");
    if (version !== "v1" || salt === undefined || verification.length === 0) {
      throw new Error("the encryption salt is malformed: it must read v1:<salt>:<verification>");
    }
    const key = PassphraseCrypter.derive(passphrase, Buffer.from(salt, "base64"));
    const crypter = new PassphraseCrypter(key, saltState);
    if (crypter.tryDecrypt(verification.join(":")) !== "pulumi") throw new IncorrectPassphrase();
    return crypter;
  }

  encrypt(plaintext: string): string {
    return encryptWith(this.key, plaintext);
  }

  decrypt(ciphertext: string): string {
    const plaintext = this.tryDecrypt(ciphertext);
    if (plaintext === undefined) throw new Error("a secret cannot be decrypted with this passphrase");
    return plaintext;
  }

  private tryDecrypt(ciphertext: string): string | undefined {
    const [version, nonce, sealed] = ciphertext.split(":");
    if (version !== "v1" || nonce === undefined || sealed === undefined) return undefined;
    const bytes = Buffer.from(sealed, "base64");
    const decipher = createDecipheriv("aes-256-gcm", this.key, Buffer.from(nonce, "base64"));
    decipher.setAuthTag(bytes.subarray(bytes.length - 16));
    try {
      return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString("utf8");
    } catch {
      return undefined;
    }
  }

  /** Deriving takes about 0.2 s, so each key is derived once a process. */
  private static derive(passphrase: string, salt: Buffer): Buffer {
    const name = JSON.stringify([passphrase, salt.toString("base64")]);
    const known = PassphraseCrypter.keys.get(name);
    if (known !== undefined) return known;
    const key = pbkdf2Sync(passphrase, salt, 1_000_000, 32, "sha256");
    PassphraseCrypter.keys.set(name, key);
    return key;
  }
}

/**
 * What the files of one stack are sealed with: one passphrase, and one salt for all files that have none yet, since deriving
 * a key takes long. Pulumi, too, has one salt a stack.
 */
export class Keyring {
  private shared: PassphraseCrypter | undefined;

  constructor(private readonly passphrase: string) {}

  /**
   * The crypter of a file that has the given salt; without one, that of the file that was opened first, or of a new salt.
   * Throws `IncorrectPassphrase` when the passphrase is not the salt's.
   */
  crypter(salt?: string): PassphraseCrypter {
    if (salt === undefined) return (this.shared ??= PassphraseCrypter.create(this.passphrase));
    const crypter = PassphraseCrypter.open(this.passphrase, salt);
    this.shared ??= crypter;
    return crypter;
  }
}

function encryptWith(key: Buffer, plaintext: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const sealed = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}
