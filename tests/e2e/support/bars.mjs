// How far a measured figure may be from its bar. 1, the bar itself, unless
// LARDER_BAR_SLACK says otherwise: continuous integration runs on shared
// machines, whose noise must not be taken for a regression of the program. The
// figures are printed in any case.
export const bar_slack = Number(process.env.LARDER_BAR_SLACK ?? 1);
