import { createHash, createHmac } from "node:crypto";

/** azurite's only account. Its key is public: https://github.com/Azure/Azurite#default-storage-account */
export const BLOB_ACCOUNT = "devstoreaccount1";
export const BLOB_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/** What a store holds: SHA-256 of the bytes by key, in the order of the keys. */
export type Contents = Readonly<Record<string, string>>;

/** A bucket or container as an application sees it: over HTTP, knowing nothing of what the mirror does. */
export interface Store {
  create(): Promise<void>;
  put(key: string, body: string | Buffer): Promise<void>;
  delete(key: string): Promise<void>;
  contents(): Promise<Contents>;
}

export function sha256(body: string | Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}

/** An S3 bucket at moto, which wants a signature to be there and looks at none. */
export class S3Bucket implements Store {
  constructor(
    private readonly url: string,
    private readonly bucket: string,
  ) {}

  async create(): Promise<void> {
    await this.request("PUT", "");
  }

  /** @param headers e.g. `x-amz-meta-color` */
  async put(key: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<void> {
    await this.request("PUT", `/${encodeKey(key)}`, body, headers);
  }

  /** As SDKs store what is larger than one part: the ETag is then no MD5 of the bytes. */
  async putInParts(key: string, ...parts: readonly Buffer[]): Promise<void> {
    const path = `/${encodeKey(key)}`;
    const started = await (await this.request("POST", `${path}?uploads`)).text();
    const upload = /<UploadId>([^<]+)</.exec(started)![1]!;
    const etags: string[] = [];
    for (const [index, part] of parts.entries()) {
      const answer = await this.request("PUT", `${path}?partNumber=${index + 1}&uploadId=${upload}`, part);
      etags.push(answer.headers.get("etag")!);
    }
    const list = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
    const body = `<CompleteMultipartUpload>${list.join("")}</CompleteMultipartUpload>`;
    await this.request("POST", `${path}?uploadId=${upload}`, body);
  }

  async delete(key: string): Promise<void> {
    await this.request("DELETE", `/${encodeKey(key)}`);
  }

  async contents(): Promise<Contents> {
    const list = await (await this.request("GET", "?list-type=2")).text();
    return hashAll(list, "Key", async (key) => this.request("GET", `/${encodeKey(key)}`));
  }

  private request(method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}) {
    const scope = "emulator/20260101/us-east-1/s3/aws4_request";
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
    return send(`${this.url}/${this.bucket}${path}`, {
      method,
      body,
      headers: { "content-type": TYPE, ...headers, authorization },
    });
  }
}

/** A container at azurite, with requests signed by the account's key. */
export class BlobContainer implements Store {
  constructor(
    private readonly url: string,
    private readonly container: string,
  ) {}

  async create(): Promise<void> {
    await this.request("PUT", "", { restype: "container" });
  }

  async put(key: string, body: string | Buffer): Promise<void> {
    await this.request("PUT", `/${encodeKey(key)}`, {}, body);
  }

  async delete(key: string): Promise<void> {
    await this.request("DELETE", `/${encodeKey(key)}`);
  }

  async contents(): Promise<Contents> {
    const list = await (await this.request("GET", "", { comp: "list", restype: "container" })).text();
    return hashAll(list, "Name", async (key) => this.request("GET", `/${encodeKey(key)}`));
  }

  /** Signed as in https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key */
  private request(method: string, path: string, query: Record<string, string> = {}, body?: string | Buffer) {
    const resource = `/${BLOB_ACCOUNT}/${this.container}${path}`;
    const headers = {
      ...(body !== undefined && { "x-ms-blob-type": "BlockBlob" }),
      "x-ms-date": new Date().toUTCString(),
      "x-ms-version": "2021-12-02",
    };
    const length = body === undefined || body.length === 0 ? "" : String(Buffer.byteLength(body));
    const text = [
      ...[method, "", "", length, "", TYPE, "", "", "", "", "", ""],
      ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
      `/${BLOB_ACCOUNT}${resource}`,
      ...Object.entries(query).map(([name, value]) => `${name}:${value}`),
    ].join("\n");
    const signature = createHmac("sha256", Buffer.from(BLOB_KEY, "base64")).update(text).digest("base64");
    return send(`${this.url}${resource}?${new URLSearchParams(query)}`, {
      method,
      body,
      headers: { ...headers, "content-type": TYPE, authorization: `SharedKey ${BLOB_ACCOUNT}:${signature}` },
    });
  }
}

const TYPE = "application/octet-stream";

function encodeKey(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

async function send(
  url: string,
  request: { method: string; body?: string | Buffer; headers: Record<string, string> },
): Promise<Response> {
  const answer = await fetch(url, request);
  if (!answer.ok) throw new Error(`${request.method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

async function hashAll(list: string, tag: string, get: (key: string) => Promise<Response>): Promise<Contents> {
  const found = [...list.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, "g"))];
  const keys = found.map(([, key]) => decodeXml(key!)).sort();
  const contents: Record<string, string> = {};
  for (const key of keys) contents[key] = sha256(Buffer.from(await (await get(key)).arrayBuffer()));
  return contents;
}

function decodeXml(text: string): string {
  return text
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, "&");
}
