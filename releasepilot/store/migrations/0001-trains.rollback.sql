drop table event;
drop table step;
drop table train;
drop table plan_step;
drop table plan;
