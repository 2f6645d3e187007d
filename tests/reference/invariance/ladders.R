# Invariance ladders from lavaan 0.6-14 with constraints written out by hand (no semTools):
# four groups, three waves, two raters, binary and three-category items, ordered and continuous.
# Rscript ladders.R > ladders.json   (needs lavaan, jsonlite)
suppressPackageStartupMessages({library(lavaan); library(jsonlite)})
set.seed(11)
cut_at <- function(y, th) findInterval(y, th) + 1
measures <- c("npar", "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "srmr", "chisq.scaled", "df.scaled",
              "pvalue.scaled", "chisq.scaling.factor", "cfi.scaled", "tli.scaled", "rmsea.scaled",
              "rmsea.ci.lower.scaled", "rmsea.ci.upper.scaled", "cfi.robust", "rmsea.robust")
run <- function(models, data, ...) {
  fits <- lapply(models, function(m) suppressWarnings(lavaan(m, data = data, auto.var = TRUE, auto.cov.lv.x = TRUE,
    auto.th = TRUE, auto.delta = TRUE, int.ov.free = TRUE, meanstructure = TRUE, ...)))
  out <- list()
  for (k in seq_along(fits)) {
    f <- fits[[k]]
    if (!lavInspect(f, "converged")) { out[[k]] <- list(step = names(models)[k], converged = FALSE); next }
    fm <- fitMeasures(f); fm <- fm[intersect(measures, names(fm))]
    row <- c(list(step = names(models)[k], converged = lavInspect(f, "converged")), as.list(fm))
    if (k > 1 && lavInspect(fits[[k - 1]], "converged") && fitMeasures(f, "df") > fitMeasures(fits[[k - 1]], "df")) {
      test <- suppressWarnings(lavTestLRT(fits[[k - 1]], f))
      row <- c(row, list(chisq_diff = test[2, "Chisq diff"], df_diff = test[2, "Df diff"], p_diff = test[2, "Pr(>Chisq)"]))
    }
    pe <- parameterEstimates(f)
    row$parameters <- pe[, intersect(c("lhs", "op", "rhs", "group", "est", "se"), names(pe))]
    out[[k]] <- row
  }
  out
}
vec <- function(x) paste0("c(", paste(x, collapse = ","), ")")
# ---- groups, ordered: x1..x6 on f (3) and g (3)
group_models <- function(items, factor_of, nth, G, steps, theta = FALSE) {
  sapply(steps, simplify = FALSE, function(s) {
    has <- function(w) w %in% strsplit(s, "+", fixed = TRUE)[[1]]
    lines <- character()
    free_later <- function(first, free) vec(c(first, rep(if (free) NA else first, G - 1)))
    for (x in items) {
      f <- factor_of[[x]]
      lines <- c(lines, paste0(f, " =~ ", if (has("loadings")) vec(rep(paste0("l", x), G)) else vec(rep(NA, G)), "*", x))
      K <- nth[[x]]
      for (k in seq_len(K)) lines <- c(lines, paste0(x, " | ", if (has("thresholds")) vec(rep(paste0("t", x, k), G)) else vec(rep(NA, G)), "*t", k))
      lines <- c(lines, paste0(x, " ~ ", free_later(0, has("thresholds") && !has("intercepts")), "*1"))
      lines <- c(lines, paste0(x, if (theta) " ~~ " else " ~*~ ", free_later(1, has("thresholds") && (K > 1 || has("intercepts")) && !has("residuals")), "*", x))
    }
    for (f in unique(unlist(factor_of))) lines <- c(lines,
      paste0(f, " ~~ ", free_later(1, has("loadings")), "*", f),
      paste0(f, " ~ ", free_later(0, has("intercepts")), "*1"))
    paste(lines, collapse = "\n")
  })
}
G <- 4; per <- 220; n <- G * per
grp <- rep(c("north", "east", "south", "west"), each = per)
shift <- rep(c(0, .3, -.2, .1), each = per)
f <- rnorm(n) + shift; g <- .6 * f + .8 * rnorm(n)
latent <- cbind(.8 * f, .7 * f, .75 * f, .8 * g, .65 * g, .7 * g) + matrix(rnorm(6 * n), n) * .6
latent[grp == "south", 2] <- latent[grp == "south", 2] + .35
four <- data.frame(site = grp)
five <- list(c(-1.2, -.4, .4, 1.2), c(-1, -.3, .5, 1.3), c(-1.1, -.2, .3, 1), c(-1.3, -.5, .2, 1.1), c(-.9, 0, .6, 1.4), c(-1, -.4, .5, 1.2))
for (j in 1:6) { four[paste0("x", j)] <- cut_at(latent[, j], five[[j]])
  four[paste0("b", j)] <- cut_at(latent[, j], c(-1, -.4, .6, .9, 0, -.7)[j]); four[paste0("c", j)] <- cut_at(latent[, j], five[[j]][c(2, 3)])
  four[paste0("y", j)] <- round(latent[, j], 3) }
fac <- function(prefix) setNames(as.list(rep(c("f", "g"), each = 3)), paste0(prefix, 1:6))
nth <- function(prefix, k) setNames(as.list(rep(k, 6)), paste0(prefix, 1:6))
ladder <- c("configural", "thresholds", "thresholds+loadings", "thresholds+loadings+intercepts")
ordinal <- function(prefix, k, steps, theta = FALSE) {
  items <- paste0(prefix, 1:6)
  run(group_models(items, fac(prefix), nth(prefix, k), G, steps, theta), four, ordered = items, group = "site",
      estimator = "WLSMV", parameterization = if (theta) "theta" else "delta")
}
out <- list(data = list(four = four), cases = list())
out$cases$four_groups_five <- ordinal("x", 4, ladder)
out$cases$four_groups_five_theta <- ordinal("x", 4, c(ladder, "thresholds+loadings+intercepts+residuals"), TRUE)
out$cases$four_groups_binary <- ordinal("b", 1, ladder)
out$cases$four_groups_binary_theta <- ordinal("b", 1, c(ladder, "thresholds+loadings+intercepts+residuals"), TRUE)
out$cases$four_groups_three <- ordinal("c", 2, ladder)
# ---- groups, continuous, FIML
holes <- four
for (j in 1:6) holes[runif(n) < .1, paste0("y", j)] <- NA
out$data$holes <- holes[, c("site", paste0("y", 1:6))]
continuous_models <- function(steps) sapply(steps, simplify = FALSE, function(s) {
  has <- function(w) w %in% strsplit(s, "+", fixed = TRUE)[[1]]
  lab <- function(on, name) if (on) vec(rep(name, G)) else vec(rep(NA, G))
  lines <- character()
  for (j in 1:6) { x <- paste0("y", j); f <- if (j < 4) "f" else "g"
    lines <- c(lines, paste0(f, "=~", lab(has("loadings"), paste0("l", j)), "*", x),
      paste0(x, "~", lab(has("intercepts"), paste0("i", j)), "*1"), paste0(x, "~~", lab(has("residuals"), paste0("r", j)), "*", x)) }
  for (f in c("f", "g")) lines <- c(lines, paste0(f, "~~", vec(c(1, rep(if (has("loadings")) NA else 1, G - 1))), "*", f),
      paste0(f, "~", vec(c(0, rep(if (has("intercepts")) NA else 0, G - 1))), "*1"))
  paste(lines, collapse = "\n") })
metric <- c("configural", "loadings", "loadings+intercepts", "loadings+intercepts+residuals")
out$cases$four_groups_fiml <- run(continuous_models(metric), holes, group = "site", estimator = "MLR", missing = "fiml")
# ---- three waves and two raters, ordered
n <- 500
wave_models <- function(W, items, nth, steps, lag, theta) sapply(steps, simplify = FALSE, function(s) {
  has <- function(w) w %in% strsplit(s, "+", fixed = TRUE)[[1]]
  lines <- character()
  for (w in 1:W) {
    for (x in items) { v <- paste0(x, "_", w)
      lines <- c(lines, paste0("f", w, " =~ ", if (has("loadings")) paste0("l", x) else "NA", "*", v))
      for (k in seq_len(nth)) lines <- c(lines, paste0(v, " | ", if (has("thresholds")) paste0("t", x, k) else "NA", "*t", k))
      lines <- c(lines, paste0(v, " ~ ", if (w > 1 && has("thresholds") && !has("intercepts")) "NA" else "0", "*1"),
        paste0(v, if (theta) " ~~ " else " ~*~ ", if (w > 1 && (nth > 1 || has("intercepts")) && has("thresholds") && !has("residuals")) "NA" else "1", "*", v)) }
    lines <- c(lines, paste0("f", w, " ~~ ", if (w > 1 && has("loadings")) "NA" else "1", "*f", w),
      paste0("f", w, " ~ ", if (w > 1 && has("intercepts")) "NA" else "0", "*1")) }
  for (a in seq_len(W - 1)) for (b in (a + 1):min(W, a + lag)) for (x in items) lines <- c(lines, paste0(x, "_", a, " ~~ ", x, "_", b))
  paste(lines, collapse = "\n") })
eta <- matrix(0, n, 3); eta[, 1] <- rnorm(n); for (w in 2:3) eta[, w] <- .1 * (w - 1) + .7 * eta[, w - 1] + .7 * rnorm(n)
waves <- data.frame(id = seq_len(n))
for (j in 1:4) { u <- rnorm(n) * .3; for (w in 1:3) { y <- (.9 - .1 * j) * eta[, w] + u + rnorm(n) * .6
  waves[paste0("x", j, "_", w)] <- cut_at(y, c(-1, -.3, .4, 1.1) + .05 * j); waves[paste0("b", j, "_", w)] <- cut_at(y, c(-.8, -.2, .4, 1)[j]) } }
out$data$waves <- waves
go <- function(W, prefix, nth, steps, lag, theta = FALSE) { items <- paste0(prefix, 1:4)
  run(wave_models(W, items, nth, steps, lag, theta), waves, ordered = as.vector(outer(items, 1:W, paste, sep = "_")),
      estimator = "WLSMV", parameterization = if (theta) "theta" else "delta") }
out$cases$three_waves_five <- go(3, "x", 4, ladder, 1)
out$cases$three_waves_five_lag2_theta <- go(3, "x", 4, c(ladder, "thresholds+loadings+intercepts+residuals"), 2, TRUE)
out$cases$two_raters_binary <- go(2, "b", 1, ladder, 1)
cat(toJSON(out, digits = 12, dataframe = "columns", na = "null", auto_unbox = TRUE), "\n")
