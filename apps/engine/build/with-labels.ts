import { type BuildPlan, parseDockerfile, type Stage } from '@berth/dockerfile';

/** Labels of the request as last steps of the target, one each in the order of their names, as the classic builder does. */
export function withLabels(plan: BuildPlan, labels: Record<string, string>): BuildPlan {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return plan;
  const added = names.map((name) => {
    const [, instruction] = parseDockerfile(
      `FROM scratch\nLABEL ${quoted(name)}=${quoted(labels[name]!)}`,
    ).instructions;
    return { ...instruction!, text: `LABEL ${name}=${labels[name]}` };
  });
  const withThem = (stage: Stage): Stage =>
    stage.index === plan.target.index ? { ...stage, instructions: [...stage.instructions, ...added] } : stage;
  return {
    ...plan,
    stages: plan.stages.map(withThem),
    order: plan.order.map(withThem),
    target: withThem(plan.target),
    totalSteps: plan.totalSteps + added.length,
  };
}

/** One word of an instruction in which nothing is expanded; line ends cannot stand in one. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`).replace(/[\r\n]+/g, ' ')}'`;
}
