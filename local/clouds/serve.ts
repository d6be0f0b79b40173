/** The line that makes a shell's `pulumi` use the served providers instead of plugins. */
export function exportLine(ports: Readonly<Record<string, number>>): string {
  const providers = Object.entries(ports).map(([pkg, port]) => `${pkg}:${port}`);
  return `export PULUMI_DEBUG_PROVIDERS=${providers.join(",")}`;
}
