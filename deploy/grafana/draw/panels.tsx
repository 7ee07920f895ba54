// Draws the panels of a dashboard with Grafana's own widgets, from the answers of a real Prometheus.
// It is no Grafana: variables have fixed values, and of the transformations only column order is known.
import React, { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import {
  applyFieldOverrides, createTheme, dateTime, FieldType, getDisplayProcessor, LoadingState,
  standardEditorsRegistry, standardFieldConfigEditorRegistry, ThemeContext, toDataFrame,
} from '@grafana/data';
import { BigValue, BigValueColorMode, BigValueGraphMode, GlobalStyles, PanelChrome, TimeSeries } from '@grafana/ui';

const { board, prometheus, from, to, values, result } = (window as any).drawing;
const theme = createTheme({ colors: { mode: 'dark' } });
const WIDTH = 1400, COLUMN = WIDTH / 24, ROW = 36, HEAD = 56;

const plain = (id: string) => ({
  id, path: id, name: id, settings: {}, process: (value: any) => value, shouldApply: () => true,
  editor: () => null, override: () => null,
});
const FIELDS = ['displayName', 'unit', 'min', 'max', 'decimals', 'thresholds', 'mappings', 'noValue',
  'links', 'color', 'description', 'fieldMinMax', 'filterable'];
standardEditorsRegistry.setInit(() => []);
standardFieldConfigEditorRegistry.setInit(() => FIELDS.map(plain) as any);

const fill = (text: string) => text.replace(/\$\{?(\w+)\}?/g, (whole, name) => values[name] ?? whole);

async function ask(query: any): Promise<any[]> {
  const expr = encodeURIComponent(fill(query.expr));
  const step = Math.max(1, Math.round((to - from) / 240));
  const path = query.instant ? `query?query=${expr}&time=${to}`
    : `query_range?query=${expr}&start=${from}&end=${to}&step=${step}`;
  const answer = await (await fetch(`${prometheus}/api/v1/${path}`)).json();
  if (answer.status !== 'success') throw new Error(answer.error);
  return answer.data.result.map((series: any) => {
    const points = series.values ?? [series.value];
    const name = query.legendFormat.replace(/\{\{(\w+)\}\}/g, (_: string, label: string) => series.metric[label] ?? '');
    return toDataFrame({
      refId: query.refId, name, meta: { custom: series.metric },
      fields: [
        { name: 'Time', type: FieldType.time, values: points.map((point: any) => point[0] * 1000) },
        { name: 'Value', type: FieldType.number, labels: series.metric,
          values: points.map((point: any) => parseFloat(point[1])),
          config: { displayNameFromDS: name } },
      ],
    });
  });
}

function looked(panel: any, frames: any[]) {
  const defaults = {
    color: { mode: panel.type === 'stat' ? 'thresholds' : 'palette-classic' }, ...panel.fieldConfig.defaults,
  };
  const out = applyFieldOverrides({
    data: frames, fieldConfig: { defaults, overrides: [] }, replaceVariables: fill, theme, timeZone: 'utc',
  });
  for (const frame of out) {
    const field = frame.fields[1];
    // Grafana applies custom properties by the panel's own plugin, which is not published.
    field.config.custom = { ...panel.fieldConfig.defaults.custom };
    for (const override of panel.fieldConfig.overrides) {
      if (override.matcher.options !== frame.refId) continue;
      for (const { id, value } of override.properties) {
        if (id === 'color') field.config.color = value;
        else field.config.custom[id.replace('custom.', '')] = value;
      }
    }
  }
  return out;
}

function Picture({ panel, frames, width, height }: any) {
  if (!frames.length) return <div style={{ color: '#888', padding: 16 }}>no data</div>;
  if (panel.type === 'stat') {
    const field = frames[0].fields[1];
    const display = field.display ?? getDisplayProcessor({ field, theme });
    const numbers = field.values.filter(Number.isFinite);
    return <BigValue value={display(numbers[numbers.length - 1])} width={width} height={height} theme={theme}
      colorMode={BigValueColorMode.Value} graphMode={BigValueGraphMode.None} />;
  }
  if (panel.type === 'table') {
    const labels = Object.keys(panel.transformations[0].options.includeByName).slice(0, -1);
    const rows = frames.map((frame: any) => [...labels.map((label) => frame.meta.custom[label]), frame.fields[1].values[0]])
      .sort((one: any, other: any) => other[labels.length] - one[labels.length]);
    const cell = { padding: '4px 12px', textAlign: 'left' as const };
    return <div style={{ height, overflow: 'hidden' }}><table style={{ width: '100%' }}>
      <thead><tr>{[...labels, panel.options.sortBy[0].displayName].map((name) => <th key={name} style={cell}>{name}</th>)}</tr></thead>
      <tbody>{rows.map((row: any, n: number) => <tr key={n}>{row.map((text: any, m: number) => <td key={m} style={cell}>{text}</td>)}</tr>)}</tbody>
    </table></div>;
  }
  const range = { from: dateTime(from * 1000), to: dateTime(to * 1000), raw: { from: 'now', to: 'now' } };
  return <TimeSeries frames={frames} structureRev={1} timeRange={range as any} timeZone="utc" width={width}
    height={height} legend={panel.options.legend} options={{} as any} />;
}

function Panel({ panel, width, height }: any) {
  const [state, set] = useState<any>(null);
  useEffect(() => {
    Promise.all(panel.targets.map(ask)).then((answers) => {
      const frames = looked(panel, answers.flat());
      result[panel.id] = { title: panel.title, series: frames.length };
      set({ frames });
    }).catch((error) => {
      result[panel.id] = { title: panel.title, error: String(error) };
      set({ frames: [] });
    });
  }, []);
  return <PanelChrome title={panel.title} description={panel.description} width={width} height={height}
    loadingState={state ? LoadingState.Done : LoadingState.Loading}>
    {(inner: number, tall: number) => state && <Picture panel={panel} frames={state.frames} width={inner} height={tall} />}
  </PanelChrome>;
}

const tall = Math.max(...board.panels.map((panel: any) => panel.gridPos.y + panel.gridPos.h)) * ROW + HEAD;
createRoot(document.getElementById('root')!).render(
  <ThemeContext.Provider value={theme}><GlobalStyles />
    <div style={{ position: 'relative', width: WIDTH, height: tall, background: theme.colors.background.canvas }}>
      <h3 style={{ position: 'absolute', left: 12, top: 12 }}>{board.title}</h3>
      {board.panels.map((panel: any) => {
        const { x, y, w, h } = panel.gridPos;
        const place: any = { position: 'absolute', left: x * COLUMN + 4, top: y * ROW + HEAD };
        return panel.type === 'row'
          ? <div key={panel.id} style={{ ...place, fontWeight: 500, padding: 6 }}>{panel.title}</div>
          : <div key={panel.id} style={place}><Panel panel={panel} width={w * COLUMN - 8} height={h * ROW - 8} /></div>;
      })}
    </div>
  </ThemeContext.Provider>,
);
